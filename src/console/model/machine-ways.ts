import type { Arrow, Node } from './machine-layers.js';

// The ways of arrows through the layers of a drawing, as lines.

const SMALL_LETTER = 6.6;
export const LABEL_LINE = 16;
export const MOST_WIDTH = 200;

/** Along which way the layers follow each other. */
export type Direction = 'right' | 'down';

/** A rectangle. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
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

/** An arrow on its way: the places between, from the upper end on, one of which has what is written. */
export interface Way {
  arrow: Arrow;
  isBack: boolean;
  between: Node[];
}

/** Returns the way of an arrow, with a node in each layer between its ends. */
export function wayOf(arrow: Arrow, nodes: ReadonlyMap<string, Node>, direction: Direction): Way {
  const [start, end] = [nodes.get(arrow.from) as Node, nodes.get(arrow.to) as Node];
  const isBack = end.layer < start.layer;
  const [upper, lower] = isBack ? [end, start] : [start, end];
  const written = isBack ? lower.layer - 1 : upper.layer + 1;
  const width = Math.min(MOST_WIDTH, widthOf(arrow));
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

function widthOf({ labels }: Arrow): number {
  return Math.max(...labels.map(({ length }) => length)) * SMALL_LETTER + 8;
}

/** Returns the states at its ends, the one in the earlier layer first. */
export function endsOf({ arrow, isBack }: Way, nodes: ReadonlyMap<string, Node>): { upper: Node; lower: Node } {
  const [start, end] = [nodes.get(arrow.from) as Node, nodes.get(arrow.to) as Node];
  return isBack ? { upper: end, lower: start } : { upper: start, lower: end };
}

/** Returns where each arrow leaves the one state and reaches the other: side by side, in the order of what they lead to. */
export function portsOf(ways: readonly Way[], nodes: ReadonlyMap<string, Node>): Map<Way, { out: number; into: number }> {
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

/** Returns a line that is level wherever it has a place of its own, and bends between. */
export function lineThrough(
  points: readonly (readonly [number, number])[],
  point: (along: number, across: number) => [number, number],
): string {
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

/** Returns the tip at the end of a line. */
export function tipAt(
  [along, across]: readonly [number, number],
  sign: 1 | -1,
  point: (along: number, across: number) => [number, number],
): string {
  const text = (one: number, other: number): string => point(Math.round(one), Math.round(other)).join(' ');
  return `M${text(along, across)}L${text(along - sign * 8, across - 4)}L${text(along - sign * 8, across + 4)}Z`;
}

/** Returns the arrow from a state to itself: a bow at its corner. */
export function bowOf(arrow: Arrow, { x, y, width, height }: Box): DrawnArrow {
  const [right, bottom] = [x + width, y + height];
  const line = `M${right} ${bottom - 12}C${right + 22} ${bottom - 12} ${right - 14} ${bottom + 24} ${right - 14} ${bottom}`;
  const widest = widthOf(arrow);
  const tip = `M${right - 14} ${bottom}L${right - 18} ${bottom + 8}L${right - 10} ${bottom + 8}Z`;
  return { ...arrow, line, tip, label: { x: right + 6 + widest / 2, y: bottom + 10, width: widest } };
}
