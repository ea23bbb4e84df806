import { ANY, type Arrow, arrowsOf } from './diagram.js';
import type { MachineDefinition, MachineState } from './types.js';

const BOX = { width: 180, height: 48 };
const GAP = { x: 140, y: 56 };
const MARGIN = 40;
const LINE = 14;
const LETTER = 7;

interface Point {
  x: number;
  y: number;
}

/**
 * A machine as a picture: columns by how many transitions a state is away from the initial one, what leads back below. Text
 * that stands for itself: no script, no style from elsewhere, colours that follow the page.
 */
export function svgOf(machine: MachineDefinition, title: string): string {
  const arrows = arrowsOf(machine);
  const places = placed(machine, arrows);
  const boxes = [...places.entries()].map(([code, at]) => boxOf(machine.states.find((state) => state.code === code) ?? null, at));
  const drawn = arrows.map((arrow, index) => arrowOf(arrow, places, index));
  const right = Math.max(...[...places.values()].map(({ x }) => x)) + BOX.width + MARGIN;
  const lowest = Math.max(...[...places.values()].map(({ y }) => y + BOX.height), ...drawn.map(({ bottom }) => bottom));
  const states = machine.states.map(({ code }) => code).join(', ');
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 ${right} ${lowest + MARGIN}" width="${right}" height="${lowest + MARGIN}" font-family="system-ui, sans-serif" font-size="12" color="currentColor">
<title>${escaped(title)}</title>
<desc>States: ${escaped(states)}.</desc>
<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto-start-reverse"><path d="M0 0 8 4 0 8z" fill="currentColor"/></marker></defs>
${[...drawn.map(({ svg }) => svg), ...boxes].join('\n')}
</svg>
`;
}

/** Where each state stands, by its code. */
function placed({ states }: MachineDefinition, arrows: readonly Arrow[]): Map<string, Point> {
  const columns: string[][] = [];
  const seen = new Set<string>();
  let next = states.filter(({ initial }) => initial).map(({ code }) => code);
  while (next.length > 0) {
    columns.push(next);
    for (const code of next) seen.add(code);
    const reached = columns.at(-1)?.flatMap((code) => arrows.filter(({ from }) => from === code).map(({ to }) => to));
    next = [...new Set(reached)].filter((code) => !seen.has(code));
  }
  const isFromAny = arrows.some(({ from }) => from === ANY);
  const others = [...(isFromAny ? [ANY] : []), ...states.map(({ code }) => code).filter((code) => !seen.has(code))];
  // What is reached from any state stands behind it, in columns of their own: no other way leads there.
  for (const other of others) columns.push([other]);
  return new Map(
    columns.flatMap((column, x) =>
      column.map((code, y): [string, Point] => [
        code,
        { x: MARGIN + x * (BOX.width + GAP.x), y: MARGIN + LINE * 2 + y * (BOX.height + GAP.y) },
      ]),
    ),
  );
}

function boxOf(state: MachineState | null, { x, y }: Point): string {
  const width = state?.initial || state?.final ? 2.5 : 1;
  const dash = state ? '' : ' stroke-dasharray="4 3"';
  const double = state?.final
    ? `<rect x="${x + 4}" y="${y + 4}" width="${BOX.width - 8}" height="${BOX.height - 8}" rx="8" fill="none" stroke="currentColor"/>`
    : '';
  const name = `<text x="${x + BOX.width / 2}" y="${y + (state?.timeout ? 20 : 29)}" text-anchor="middle" font-weight="600" fill="currentColor">${escaped(cut(state?.code ?? 'any state', BOX.width - 20))}</text>`;
  const timeout = state?.timeout
    ? `<text x="${x + BOX.width / 2}" y="${y + 37}" text-anchor="middle" fill="currentColor">after ${escaped(state.timeout.after)}</text>`
    : '';
  return `<g><rect x="${x}" y="${y}" width="${BOX.width}" height="${BOX.height}" rx="10" fill="none" stroke="currentColor" stroke-width="${width}"${dash}/>${double}${name}${timeout}</g>`;
}

/** Forward a straight line, back and to itself a bow below. */
function arrowOf(
  { from, to, labels, isDisabled }: Arrow,
  places: ReadonlyMap<string, Point>,
  turn: number,
): { svg: string; bottom: number } {
  const [start, end] = [places.get(from) as Point, places.get(to) as Point];
  const isForward = end.x > start.x;
  const depth = Math.max(start.y, end.y) + BOX.height + 40 + (turn % 4) * 12;
  const [a, b] = isForward
    ? [
        { x: start.x + BOX.width, y: start.y + BOX.height / 2 },
        { x: end.x, y: end.y + BOX.height / 2 },
      ]
    : [
        { x: start.x + BOX.width / 2 - 14, y: start.y + BOX.height },
        { x: end.x + BOX.width / 2 + 14, y: end.y + BOX.height },
      ];
  const way = isForward ? `M${a.x} ${a.y}L${b.x} ${b.y}` : `M${a.x} ${a.y}C${a.x} ${depth} ${b.x} ${depth} ${b.x} ${b.y}`;
  const middle = { x: (a.x + b.x) / 2, y: isForward ? (a.y + b.y) / 2 - 6 : depth - 8 };
  const room = isForward ? Math.max(GAP.x, b.x - a.x) - 16 : BOX.width + GAP.x;
  const text = labels.map(
    (label, line) =>
      `<text x="${middle.x}" y="${isForward ? middle.y - (labels.length - 1 - line) * LINE : middle.y + line * LINE}" text-anchor="middle" fill="currentColor"><title>${escaped(label)}</title>${escaped(cut(label, room))}</text>`,
  );
  const dash = isDisabled ? ' stroke-dasharray="4 3"' : '';
  const svg = `<g><path d="${way}" fill="none" stroke="currentColor" marker-end="url(#tip)"${dash}/>${text.join('')}</g>`;
  return { svg, bottom: isForward ? 0 : depth + labels.length * LINE };
}

function cut(text: string, width: number): string {
  const most = Math.floor(width / LETTER);
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.codePointAt(0)};`);
}
