import type { JsonObject } from '../../core/json.js';
import type { Catalog } from './catalog.js';
import { stepKindWords, stepWords } from './definition-words.js';
import { formatPlace, listAt, type Place } from './json-path.js';
import { letterOf, type StepList, stepLists } from './step-tree.js';

/** A line of the outline: a step, or one of the lists of steps inside it. */
export interface OutlineRow {
  kind: 'step' | 'list';
  /** Of a step where it stands; of a list where that stands. */
  path: string;
  place: Place;
  /** `4b2`; empty for a list. */
  number: string;
  name: string;
  /** From 1 on. */
  level: number;
  /** Which of how many at its level, below the same line. */
  position: number;
  size: number;
  /** Null where there is nothing inside. */
  isOpen: boolean | null;
  /** Of the line itself; of one that is folded also of what is inside. */
  problems: number;
}

interface OutlineOptions {
  catalog: Pick<Catalog, 'actions' | 'stepTypes'> | null;
  problems: readonly { path: string }[];
  /** Only steps with all of these words, and what is around them. */
  search: string;
  /** Whether what is inside of a line is shown. */
  isOpen: (path: string, level: number) => boolean;
}

interface Node {
  row: Omit<OutlineRow, 'level' | 'position' | 'size' | 'isOpen' | 'problems'>;
  own: number;
  isFound: boolean;
  inside: Node[];
}

/** Returns the steps of a definition as lines of a tree, those that are to be seen. */
export function outlineRows(definition: JsonObject, options: OutlineOptions): OutlineRow[] {
  const words = options.search.toLowerCase().split(/\s+/).filter(Boolean);
  const nodes = stepNodes({ place: ['steps'], steps: listAt(definition, ['steps']) }, '', options, words);
  const rows: OutlineRow[] = [];
  const add = (siblings: readonly Node[], level: number): void => {
    const shown = words.length === 0 ? siblings : siblings.filter(hasFound);
    for (const [index, node] of shown.entries()) {
      const isLeaf = node.inside.length === 0;
      // What is looked for is shown, whatever is folded.
      const isOpen = isLeaf ? null : words.length > 0 || options.isOpen(node.row.path, level);
      const problems = isOpen === false ? problemsIn(node) : node.own;
      rows.push({ ...node.row, level, position: index + 1, size: shown.length, isOpen, problems });
      if (isOpen) add(node.inside, level + 1);
    }
  };
  add(nodes, 1);
  return rows;
}

function stepNodes(
  { place, steps }: Pick<StepList, 'place' | 'steps'>,
  before: string,
  options: OutlineOptions,
  words: readonly string[],
): Node[] {
  const { catalog, problems } = options;
  return steps.map((item, index): Node => {
    const step = (item ?? {}) as JsonObject;
    const at = [...place, index];
    const path = formatPlace(at);
    const number = `${before}${index + 1}`;
    const name = stepWords(step, catalog);
    const lists = stepLists(step).filter(({ exists }) => exists);
    const inside = lists.map((list, which): Node => {
      const listPlace = [...at, ...list.place];
      const letter = list.kind === 'loop' ? '.' : letterOf(which);
      return {
        row: { kind: 'list', path: formatPlace(listPlace), place: listPlace, number: '', name: listWords(list, `${number}${letter}`) },
        own: 0,
        isFound: false,
        inside: stepNodes({ place: listPlace, steps: list.steps }, `${number}${letter}`, options, words),
      };
    });
    const listPaths = inside.map(({ row }) => `${row.path}[`);
    const own = problems.filter((one) => isAt(one.path, path) && !listPaths.some((start) => one.path.startsWith(start))).length;
    const text = `${number} ${name} ${stepKindWords(step.type, catalog)} ${String(step.id ?? '')}`.toLowerCase();
    return { row: { kind: 'step', path, place: at, number, name }, own, isFound: words.every((word) => text.includes(word)), inside };
  });
}

function hasFound(node: Node): boolean {
  return node.isFound || node.inside.some(hasFound);
}

function problemsIn({ own, inside }: Node): number {
  return inside.reduce((sum, node) => sum + problemsIn(node), own);
}

/** Returns whether a path is another one, or lies below it. */
export function isAt(path: string, around: string): boolean {
  return path.startsWith(around) && (path.length === around.length || path[around.length] === '.' || path[around.length] === '[');
}

/** Returns what a list of steps is called. */
export function listWords({ kind, name }: Pick<StepList, 'kind' | 'name'>, number: string): string {
  if (kind === 'otherwise') return 'Otherwise';
  if (kind === 'loop') return 'For each item';
  return name === null || name === '' ? `Branch ${number}` : name;
}

/** A step on the way to another, and the list of it that leads there; null for the last. */
export interface OutlineStop {
  place: Place;
  number: string;
  name: string;
  list: string | null;
}

/** Returns the steps around a step, from outside in, and the step itself. */
export function wayTo(definition: JsonObject, place: Place, catalog: OutlineOptions['catalog']): OutlineStop[] {
  const stops: OutlineStop[] = [];
  let at: Place = [];
  let before = '';
  let step: JsonObject = definition;
  let list: Pick<StepList, 'place' | 'steps'> | undefined = { place: ['steps'], steps: listAt(definition, ['steps']) };
  while (list !== undefined && at.length < place.length) {
    const index = Number(place[at.length + list.place.length]);
    step = (list.steps[index] ?? {}) as JsonObject;
    at = place.slice(0, at.length + list.place.length + 1);
    const number = `${before}${index + 1}`;
    const lists = stepLists(step);
    const which = lists.findIndex(({ place: one }) => one.every((part, depth) => place[at.length + depth] === part));
    const next = at.length < place.length ? lists[which] : undefined;
    before = `${number}${next?.kind === 'loop' ? '.' : letterOf(Math.max(0, which))}`;
    stops.push({ place: at, number, name: stepWords(step, catalog), list: next ? listWords(next, before) : null });
    list = next;
  }
  return stops;
}
