import type { Json, JsonObject } from '../../core/json.js';
import type { Catalog } from './catalog.js';
import { stepKindWords, stepWords } from './definition-words.js';
import { formatPlace, isWithin, listAt, type Place } from './json-path.js';
import { letterOf, placedSteps, type StepList, stepLists } from './step-tree.js';

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

type Kinds = Pick<Catalog, 'actions' | 'stepTypes'> | null;

/** A line with everything inside it, folded or not. */
export interface OutlineNode {
  row: Omit<OutlineRow, 'level' | 'position' | 'size' | 'isOpen' | 'problems'>;
  /** Problems of its own. */
  own: number;
  /** What it is found by. */
  text: string;
  inside: OutlineNode[];
}

/** Returns the steps of a definition as a tree of lines. */
export function outlineOf(definition: JsonObject, problems: readonly { path: string }[], catalog: Kinds): OutlineNode[] {
  const ofList = (steps: readonly Json[], place: Place, before: string): OutlineNode[] =>
    steps.map((item, index): OutlineNode => {
      const step = (item ?? {}) as JsonObject;
      const at = [...place, index];
      const [path, number, name] = [formatPlace(at), `${before}${index + 1}`, stepWords(step, catalog)];
      const inside = stepLists(step).flatMap((list, which): OutlineNode[] => {
        if (!list.exists) return [];
        const letter = `${number}${list.kind === 'loop' ? '.' : letterOf(which)}`;
        const listPlace = [...at, ...list.place];
        const row = { kind: 'list', path: formatPlace(listPlace), place: listPlace, number: '', name: listWords(list, letter) } as const;
        return [{ row, own: 0, text: '', inside: ofList(list.steps, listPlace, letter) }];
      });
      const own = problems.filter((one) => isAt(one.path, path) && !inside.some(({ row }) => one.path.startsWith(`${row.path}[`))).length;
      const text = `${number} ${name} ${stepKindWords(step.type, catalog)} ${String(step.id ?? '')}`.toLowerCase();
      return { row: { kind: 'step', path, place: at, number, name }, own, text, inside };
    });
  return ofList(listAt(definition, ['steps']), ['steps'], '');
}

/** Returns the lines that are to be seen: those that `isOpen` unfolds; of a search those that have all of its words, and the way there. */
export function outlineRows(nodes: readonly OutlineNode[], search: string, isOpen: (path: string, level: number) => boolean): OutlineRow[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const isFound = ({ text, inside }: OutlineNode): boolean =>
    (text !== '' && words.every((word) => text.includes(word))) || inside.some(isFound);
  const rows: OutlineRow[] = [];
  const add = (siblings: readonly OutlineNode[], level: number): void => {
    const shown = words.length === 0 ? siblings : siblings.filter(isFound);
    for (const [index, node] of shown.entries()) {
      // What is looked for is shown, whatever is folded.
      const isUnfolded = node.inside.length === 0 ? null : words.length > 0 || isOpen(node.row.path, level);
      const problems = isUnfolded === false ? problemsIn(node) : node.own;
      rows.push({ ...node.row, level, position: index + 1, size: shown.length, isOpen: isUnfolded, problems });
      if (isUnfolded) add(node.inside, level + 1);
    }
  };
  add(nodes, 1);
  return rows;
}

function problemsIn({ own, inside }: OutlineNode): number {
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
export function wayTo(definition: JsonObject, place: Place, catalog: Kinds): OutlineStop[] {
  const around = placedSteps(definition).filter((one) => isWithin(place, one.place));
  return around.map(({ step, place: at, number }, index) => {
    const next = around[index + 1];
    const list = next && stepLists(step).find((one) => isWithin(next.place, [...at, ...one.place]));
    // The list of step 4b2 is 4b.
    return { place: at, number, name: stepWords(step, catalog), list: list ? listWords(list, next.number.replace(/\d+$/, '')) : null };
  });
}
