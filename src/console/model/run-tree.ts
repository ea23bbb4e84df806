import type { Explanation } from '../../core/condition/explanation.js';
import type { Json, JsonObject } from '../../core/json.js';
import { isObject } from './catalog.js';
import { letterOf, type StepList, stepLists } from './step-tree.js';

/** One attempt of one step, as the log of a run tells it. */
export interface RunAttempt {
  path: string;
  attempt: number;
  position: number;
  type: string;
  standing: string;
  input: JsonObject | null;
  output: JsonObject | null;
  error: (JsonObject & { code: string; message: string }) | null;
  wakeAt: string | null;
  superseded: boolean;
  startedAt: string;
  finishedAt: string | null;
  durationMs: number | null;
}

/** A step of the version that a run is on, with what became of it there. */
export interface RunNode {
  /** As in the log, without the places of items of loops: `each.notify`. */
  path: string;
  /** `4b2`: the second step of branch b of the fourth; empty for what the version does not have. */
  number: string;
  step: JsonObject;
  /** Newest first; of a step in a loop those of all items. */
  attempts: RunAttempt[];
  /** Where the newest attempt stands; `not_reached` without any. */
  state: string;
  lists: RunBranch[];
}

/** A list of steps inside a step: a branch, a lane, the body of a loop. */
export interface RunBranch {
  kind: StepList['kind'];
  name: string | null;
  when: Json | undefined;
  /** Whether the run went this way; null while that is not decided. */
  isTaken: boolean | null;
  /** Why, for a branch that was looked at. */
  explanation: Explanation | null;
  nodes: RunNode[];
}

/** Returns the path of an attempt without the places of items: `each[3].notify` is `each.notify`. */
export function plainPath(path: string): string {
  return path.replace(/\[\d+\]/g, '');
}

/** Returns which items of loops an attempt belongs to, counted from 1: `2` for `each[1].notify`; null outside of loops. */
export function itemWords(path: string): string | null {
  const places = [...path.matchAll(/\[(\d+)\]/g)].map(([, place]) => Number(place) + 1);
  return places.length === 0 ? null : places.join('.');
}

/** Returns the steps of a run as its version has them; without that, those that the log has, in its order. */
export function runTree(definition: JsonObject | null, attempts: readonly RunAttempt[]): RunNode[] {
  const byPath = new Map<string, RunAttempt[]>();
  for (const attempt of attempts) {
    const path = plainPath(attempt.path);
    byPath.set(path, [attempt, ...(byPath.get(path) ?? [])]);
  }
  const known = new Set<string>();
  const nodesOf = (steps: readonly Json[], before: string, numbered: string): RunNode[] =>
    steps.map((item, index) => {
      const step = isObject(item) ? item : {};
      const path = `${before}${String(step.id ?? '')}`;
      const number = `${numbered}${index + 1}`;
      known.add(path);
      const own = byPath.get(path) ?? [];
      const lists = stepLists(step)
        .filter(({ exists }) => exists)
        .map((list, which): RunBranch => {
          const segment = list.kind === 'loop' ? '' : `.${list.kind === 'otherwise' ? 'otherwise' : list.name}`;
          const nodes = nodesOf(list.steps, `${path}${segment}.`, `${number}${list.kind === 'loop' ? '.' : letterOf(which)}`);
          return { kind: list.kind, name: list.name, when: list.when, nodes, ...wayOf(list, own[0] ?? null, nodes) };
        });
      return nodeOf(path, number, step, own, lists);
    });
  const steps = definition && Array.isArray(definition.steps) ? nodesOf(definition.steps, '', '') : [];
  const others = [...byPath]
    .filter(([path]) => !known.has(path))
    .map(([path, own]) => nodeOf(path, '', { type: own[0]?.type ?? '', name: path }, own, []));
  return [...steps, ...others];
}

function nodeOf(path: string, number: string, step: JsonObject, attempts: RunAttempt[], lists: RunBranch[]): RunNode {
  const [newest] = attempts;
  const inside = lists.flatMap(({ nodes }) => nodes).some(({ state }) => state !== 'not_reached');
  // A parallel step has no attempts of its own: it is reached when anything in it is.
  return { path, number, step, attempts, lists, state: newest ? standingOf(newest) : inside ? insideState(lists) : 'not_reached' };
}

function standingOf({ superseded, standing }: RunAttempt): string {
  return superseded ? 'superseded' : standing;
}

const WORST = ['failed', 'running', 'retrying', 'waiting', 'lost', 'cancelled', 'abandoned'];

function insideState(lists: readonly RunBranch[]): string {
  const states = new Set(lists.flatMap(({ nodes }) => nodes.map(({ state }) => state)));
  return WORST.find((state) => states.has(state)) ?? 'succeeded';
}

function wayOf(list: StepList, newest: RunAttempt | null, nodes: readonly RunNode[]): Pick<RunBranch, 'isTaken' | 'explanation'> {
  const wasReached = nodes.some(({ state }) => state !== 'not_reached');
  if (list.kind === 'lane' || list.kind === 'loop') return { isTaken: wasReached || null, explanation: null };
  if (newest?.output == null || !('taken' in newest.output)) return { isTaken: null, explanation: null };
  const { taken } = newest.output;
  const looked = Array.isArray(newest.input?.looked) ? newest.input.looked : [];
  const own = looked.find((one) => isObject(one) && one.branch === list.name);
  return {
    isTaken: list.kind === 'otherwise' ? taken === null : taken === list.name,
    explanation: isObject(own) ? (own.explanation as unknown as Explanation) : null,
  };
}

/** Returns the node of a path. */
export function findNode(nodes: readonly RunNode[], path: string): RunNode | null {
  for (const node of nodes) {
    if (node.path === path) return node;
    const inside = findNode(
      node.lists.flatMap((list) => list.nodes),
      path,
    );
    if (inside) return inside;
  }
  return null;
}
