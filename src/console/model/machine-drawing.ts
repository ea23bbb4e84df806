import { ANY, type State, type Transition } from './machine.js';

// A machine as a drawing in layers. What leads back is turned round while the layers are found; what leads further than to the
// next layer, and what is written beside an arrow, has a place of its own in each layer between, so that nothing is crossed out.

/** Along which way the layers follow each other. */
export type Direction = 'right' | 'down';

/** A rectangle. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A state in the drawing; `any` stands for all that are not final. */
export interface DrawnState extends Box {
  code: string;
}

/** An arrow: all transitions that lead from one state to another. */
export interface DrawnArrow {
  from: string;
  to: string;
  /** The codes of its transitions. */
  labels: string[];
  isDisabled: boolean;
  /** The line and its tip, as SVG writes paths. */
  line: string;
  tip: string;
  /** The middle of what is written. */
  label: { x: number; y: number; width: number };
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
const SMALL_LETTER = 6.6;
export const LABEL_LINE = 16;
const BETWEEN = 20;
/** Between a state and what is written beside the arrows out of it. */
const GAP = { right: 26, down: 20 } as const;
const MOST_WIDTH = 200;
const SWEEPS = 8;

/** What has a place in a layer: a state, what is written beside an arrow, or an arrow that passes. */
interface Node {
  kind: 'state' | 'label' | 'passing';
  layer: number;
  /** Across the layers, and along them. */
  breadth: number;
  depth: number;
  /** The middle, across the layers. */
  at: number;
  before: Node[];
  after: Node[];
}

interface Arrow {
  from: string;
  to: string;
  labels: string[];
  isDisabled: boolean;
}

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

/** How far from its beginning each state is drawn: the longest way there that does not lead back. */
function layersOf(codes: readonly string[], states: readonly State[], arrows: readonly Arrow[]): Map<string, number> {
  const layers = new Map<string, number>();
  const open = new Set<string>();
  const order: string[] = [];
  const forward = new Set<Arrow>();
  // Deep machines are 100 states deep: a call each is fine.
  const visit = (code: string): void => {
    open.add(code);
    layers.set(code, 0);
    for (const arrow of arrows) {
      if (arrow.from !== code || open.has(arrow.to)) continue;
      forward.add(arrow);
      if (!layers.has(arrow.to)) visit(arrow.to);
    }
    open.delete(code);
    order.unshift(code);
  };
  const first = [...states.filter(({ isInitial }) => isInitial).map(({ code }) => code), ...codes.filter((code) => code !== ANY), ANY];
  for (const code of first) if (codes.includes(code) && !layers.has(code)) visit(code);
  for (const code of order) {
    for (const arrow of forward) {
      if (arrow.from === code) layers.set(arrow.to, Math.max(layers.get(arrow.to) ?? 0, (layers.get(code) ?? 0) + 1));
    }
  }
  return layers;
}

/** An arrow on its way: the places between, from the upper end on, one of which has what is written. */
interface Way {
  arrow: Arrow;
  isBack: boolean;
  between: Node[];
}

function wayOf(arrow: Arrow, nodes: ReadonlyMap<string, Node>, direction: Direction): Way {
  const [start, end] = [nodes.get(arrow.from) as Node, nodes.get(arrow.to) as Node];
  const isBack = end.layer < start.layer;
  const [upper, lower] = isBack ? [end, start] : [start, end];
  const written = isBack ? lower.layer - 1 : upper.layer + 1;
  const width = Math.min(MOST_WIDTH, Math.max(...arrow.labels.map((label) => label.length)) * SMALL_LETTER + 8);
  const height = arrow.labels.length * LABEL_LINE;
  const between: Node[] = [];
  let last = upper;
  for (let layer = upper.layer + 1; layer < lower.layer; layer += 1) {
    const isLabel = layer === written;
    const [breadth, depth] = !isLabel ? [8, 0] : direction === 'right' ? [height, width] : [width, height];
    const node: Node = { kind: isLabel ? 'label' : 'passing', layer, breadth, depth, at: 0, before: [last], after: [] };
    last.after.push(node);
    between.push(node);
    last = node;
  }
  last.after.push(lower);
  lower.before.push(last);
  return { arrow, isBack, between };
}

function rowsOf(nodes: readonly Node[]): Node[][] {
  const rows: Node[][] = [];
  for (const node of nodes) {
    const row = rows[node.layer] ?? [];
    row.push(node);
    rows[node.layer] = row;
  }
  return [...rows].map((row) => row ?? []);
}

/** Puts each row in an order in which few arrows cross, and each node near what it is joined with. */
function place(rows: Node[][]): void {
  for (const row of rows) spread(row, null);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const isDown = sweep % 2 === 0;
    for (const row of isDown ? rows : [...rows].reverse()) {
      const wish = new Map(row.map((node) => [node, middleOf(isDown ? node.before : node.after) ?? node.at]));
      row.sort((one, other) => (wish.get(one) as number) - (wish.get(other) as number));
      spread(row, wish);
    }
  }
  // In the end between both, in the order that was found.
  for (let turn = 0; turn < SWEEPS; turn += 1) {
    for (const row of turn % 2 === 0 ? rows : [...rows].reverse()) {
      spread(row, new Map(row.map((node) => [node, middleOf([...node.before, ...node.after]) ?? node.at])));
    }
  }
}

function middleOf(nodes: readonly Node[]): number | null {
  return nodes.length === 0 ? null : nodes.reduce((sum, { at }) => sum + at, 0) / nodes.length;
}

/** Puts the nodes of a row as near to where they want to be as their order and breadth let them. */
function spread(row: readonly Node[], wish: ReadonlyMap<Node, number> | null): void {
  // Who would overlap moves as one, to the mean of what its members want.
  const groups: { members: Node[]; offsets: number[]; sum: number; at: number; end: number }[] = [];
  for (const node of row) {
    const want = wish?.get(node) ?? 0;
    let group = { members: [node], offsets: [0], sum: want, at: want, end: 0 };
    for (let before = groups.at(-1); before !== undefined; before = groups.at(-1)) {
      const tail = before.members.at(-1) as Node;
      const distance = before.end + (tail.breadth + (group.members[0] as Node).breadth) / 2 + BETWEEN;
      if (before.at + distance <= group.at) break;
      groups.pop();
      const offsets = [...before.offsets, ...group.offsets.map((offset) => offset + distance)];
      const members = [...before.members, ...group.members];
      const sum = before.sum + group.sum - distance * group.members.length;
      group = { members, offsets, sum, at: sum / members.length, end: distance + group.end };
    }
    groups.push(group);
  }
  for (const { members, offsets, at } of groups) {
    for (const [index, node] of members.entries()) node.at = at + (offsets[index] as number);
  }
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

function endsOf({ arrow, isBack }: Way, nodes: ReadonlyMap<string, Node>): { upper: Node; lower: Node } {
  const [start, end] = [nodes.get(arrow.from) as Node, nodes.get(arrow.to) as Node];
  return isBack ? { upper: end, lower: start } : { upper: start, lower: end };
}

/** Where each arrow leaves the one state and reaches the other: side by side, in the order of what they lead to. */
function portsOf(ways: readonly Way[], nodes: ReadonlyMap<string, Node>): Map<Way, { out: number; into: number }> {
  const ports = new Map(ways.map((way) => [way, { out: 0, into: 0 }]));
  const along = (side: 'out' | 'into'): void => {
    const sides = new Map<Node, Way[]>();
    for (const way of ways) {
      const { upper, lower } = endsOf(way, nodes);
      const node = side === 'out' ? upper : lower;
      sides.set(node, [...(sides.get(node) ?? []), way]);
    }
    for (const [node, group] of sides) {
      const next = (way: Way): number => ((side === 'out' ? way.between[0] : way.between.at(-1)) as Node).at;
      group.sort((one, other) => next(one) - next(other));
      const step = Math.min(24, (node.breadth - 12) / group.length);
      for (const [index, way] of group.entries()) {
        (ports.get(way) as { out: number; into: number })[side] = node.at + (index - (group.length - 1) / 2) * step;
      }
    }
  };
  along('out');
  along('into');
  return ports;
}

/** A line that is level wherever it has a place of its own, and bends between. */
function lineThrough(points: readonly (readonly [number, number])[], point: (along: number, across: number) => [number, number]): string {
  const text = (along: number, across: number): string => point(Math.round(along), Math.round(across)).join(' ');
  return points
    .map(([along, across], index) => {
      const before = points[index - 1];
      if (before === undefined) return `M${text(along, across)}`;
      if (Math.round(before[1]) === Math.round(across)) return `L${text(along, across)}`;
      const middle = (before[0] + along) / 2;
      return `C${text(middle, before[1])} ${text(middle, across)} ${text(along, across)}`;
    })
    .join('');
}

function tipAt(
  [along, across]: readonly [number, number],
  sign: 1 | -1,
  point: (along: number, across: number) => [number, number],
): string {
  const text = (one: number, other: number): string => point(Math.round(one), Math.round(other)).join(' ');
  return `M${text(along, across)}L${text(along - sign * 8, across - 4)}L${text(along - sign * 8, across + 4)}Z`;
}

/** From a state to itself: a bow at its corner. */
function bowOf(arrow: Arrow, { x, y, width, height }: DrawnState): DrawnArrow {
  const [right, bottom] = [x + width, y + height];
  const line = `M${right} ${bottom - 12}C${right + 22} ${bottom - 12} ${right - 14} ${bottom + 24} ${right - 14} ${bottom}`;
  const widest = Math.max(...arrow.labels.map(({ length }) => length)) * SMALL_LETTER + 8;
  const tip = `M${right - 14} ${bottom}L${right - 18} ${bottom + 8}L${right - 10} ${bottom + 8}Z`;
  return { ...arrow, line, tip, label: { x: right + 6 + widest / 2, y: bottom + 10, width: widest } };
}
