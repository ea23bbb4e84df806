import { ANY, type State } from './machine.js';

// Which layer of a drawing each thing has its place in, and where in it.

const BETWEEN = 20;
const SWEEPS = 8;

/** All transitions that lead from one state to another. */
export interface Arrow {
  from: string;
  to: string;
  labels: string[];
  isDisabled: boolean;
}

/** What has a place in a layer: a state, what is written beside an arrow, or an arrow that passes. */
export interface Node {
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

/** Returns how far from its beginning each state is drawn: the longest way there that does not lead back. */
export function layersOf(codes: readonly string[], states: readonly State[], arrows: readonly Arrow[]): Map<string, number> {
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

/** Returns the nodes by their layers. */
export function rowsOf(nodes: readonly Node[]): Node[][] {
  const rows: Node[][] = [];
  for (const node of nodes) {
    const row = rows[node.layer] ?? [];
    row.push(node);
    rows[node.layer] = row;
  }
  return [...rows].map((row) => row ?? []);
}

/** Puts each row in an order in which few arrows cross, and each node near what it is joined with. */
export function place(rows: Node[][]): void {
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
