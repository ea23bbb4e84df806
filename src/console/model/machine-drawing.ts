import { ANY, type State, type Transition } from './machine.js';
import { type Arrow, layersOf, type Node, place, rowsOf } from './machine-layers.js';
import {
  type Box,
  bowOf,
  type Direction,
  type DrawnArrow,
  endsOf,
  LABEL_LINE,
  lineThrough,
  MOST_WIDTH,
  portsOf,
  tipAt,
  type Way,
  wayOf,
} from './machine-ways.js';

// A machine as a drawing in layers. What leads back is turned round while the layers are found; what leads further than to the
// next layer, and what is written beside an arrow, has a place of its own in each layer between, so that nothing is crossed out.

/** A state in the drawing; `any` stands for all that are not final. */
export interface DrawnState extends Box {
  code: string;
}

export interface Drawing {
  width: number;
  height: number;
  states: DrawnState[];
  arrows: DrawnArrow[];
}

const MARGIN = 12;
const HEIGHT = 44;
const LETTER = 7.2;
/** Between a state and what is written beside the arrows out of it. */
const GAP = { right: 26, down: 20 } as const;

/** Returns the drawing of a machine. The same machine is always drawn alike. */
export function drawMachine(states: readonly State[], transitions: readonly Transition[], direction: Direction): Drawing {
  const arrows = arrowsOf(states, transitions);
  const codes = [...(arrows.some(({ from }) => from === ANY) ? [ANY] : []), ...new Set(states.map(({ code }) => code))];
  const layers = layersOf(codes, states, arrows);
  const nodes = new Map(
    codes.map((code): [string, Node] => {
      const width = Math.min(MOST_WIDTH, Math.max(104, (code === ANY ? 9 : code.length) * LETTER + 34));
      const [breadth, depth] = direction === 'right' ? [HEIGHT, width] : [width, HEIGHT];
      // Between two layers of states there is one for what is written.
      return [code, { kind: 'state', layer: 2 * (layers.get(code) ?? 0), breadth, depth, at: 0, before: [], after: [] }];
    }),
  );
  const ways = arrows.filter(({ from, to }) => from !== to).map((arrow) => wayOf(arrow, nodes, direction));
  const rows = rowsOf([...nodes.values(), ...ways.flatMap(({ between }) => between)]);
  place(rows);
  const starts = startsOf(rows, GAP[direction]);
  const across = Math.min(...rows.flat().map(({ at, breadth }) => at - breadth / 2));
  for (const node of rows.flat()) node.at += MARGIN - across;
  return drawnAs(direction, { codes, nodes, ways, starts, loops: arrows.filter(({ from, to }) => from === to) });
}

/** All that leads from one state to another is one arrow. What names a state that is not there is none. */
function arrowsOf(states: readonly State[], transitions: readonly Transition[]): Arrow[] {
  const known = new Set(states.map(({ code }) => code));
  const arrows = new Map<string, Arrow>();
  for (const { code, from, to, isEnabled } of transitions) {
    for (const source of from === ANY ? [ANY] : from) {
      if (!known.has(to) || (source !== ANY && !known.has(source))) continue;
      const key = `${source} ${to}`;
      const arrow = arrows.get(key) ?? { from: source, to, labels: [], isDisabled: true };
      arrow.labels.push(code);
      arrow.isDisabled &&= !isEnabled;
      arrows.set(key, arrow);
    }
  }
  return [...arrows.values()];
}

/** Where each row begins, and how deep it is. */
function startsOf(rows: readonly Node[][], gap: number): { start: number; depth: number }[] {
  let start = MARGIN;
  return rows.map((row) => {
    const depth = Math.max(0, ...row.map((node) => node.depth));
    const here = { start, depth };
    start += depth + gap;
    return here;
  });
}

interface Placed {
  codes: readonly string[];
  nodes: ReadonlyMap<string, Node>;
  ways: readonly Way[];
  starts: readonly { start: number; depth: number }[];
  loops: readonly Arrow[];
}

function drawnAs(direction: Direction, { codes, nodes, ways, starts, loops }: Placed): Drawing {
  const isRight = direction === 'right';
  const point = (along: number, across: number): [number, number] => (isRight ? [along, across] : [across, along]);
  const rowOf = ({ layer }: Node): { start: number; depth: number } => starts[layer] as { start: number; depth: number };
  const states = codes.map((code): DrawnState => {
    const node = nodes.get(code) as Node;
    const { start, depth } = rowOf(node);
    const along = start + (depth - node.depth) / 2;
    const [x, y] = point(along, node.at - node.breadth / 2);
    return { code, x, y, width: isRight ? node.depth : node.breadth, height: isRight ? node.breadth : node.depth };
  });
  const ports = portsOf(ways, nodes);
  const arrows = ways.map((way): DrawnArrow => {
    const { arrow, isBack, between } = way;
    const { upper, lower } = endsOf(way, nodes);
    const { out, into } = ports.get(way) as { out: number; into: number };
    const [above, below] = [rowOf(upper), rowOf(lower)];
    const from = above.start + (above.depth + upper.depth) / 2;
    const to = below.start + (below.depth - lower.depth) / 2;
    const points: [along: number, across: number][] = [
      [from, out],
      ...between.flatMap((node): [number, number][] => {
        const { start, depth } = rowOf(node);
        return node.kind === 'label'
          ? [[start + depth / 2, node.at]]
          : [
              [start, node.at],
              [start + depth, node.at],
            ];
      }),
      [to, into],
    ];
    const label = between.find(({ kind }) => kind === 'label') as Node;
    const { start, depth } = rowOf(label);
    const [x, y] = point(start + depth / 2, label.at);
    const end = isBack ? points[0] : points.at(-1);
    return {
      ...arrow,
      line: lineThrough(points, point),
      tip: tipAt(end as [number, number], isBack ? -1 : 1, point),
      label: { x, y, width: isRight ? label.depth : label.breadth },
    };
  });
  const bows = loops.map((arrow) => bowOf(arrow, states.find(({ code }) => code === arrow.from) as DrawnState));
  const width = Math.max(...states.map((box) => box.x + box.width), ...[...arrows, ...bows].map(({ label }) => label.x + label.width / 2));
  const height = Math.max(
    ...states.map((box) => box.y + box.height),
    ...[...arrows, ...bows].map(({ label, labels }) => label.y + (labels.length * LABEL_LINE) / 2),
  );
  return { width: width + MARGIN, height: height + MARGIN, states, arrows: [...arrows, ...bows] };
}
