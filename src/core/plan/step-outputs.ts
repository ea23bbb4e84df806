import type { WorkflowDefinition } from '../definition/types.js';
import { AutomationError } from '../errors.js';
import type { Step } from '../steps/index.js';
import type { StepBase } from '../steps/step.js';
import { childLists } from '../steps/tree.js';
import type { RunHistory } from './history.js';
import { type HistoryIndex, indexHistory } from './history-index.js';
import type { LeftBehind, StepExecution, StepOutputs } from './step-execution.js';

/**
 * What `steps.*` shows to the step at `path`, or after the last step when `path` is null: every step that is over and
 * stands before it, those that it stands in included. Steps of branches beside its own are not shown, so that a template's result never depends on which
 * of two parallel branches was faster; inside a loop only the same item's steps are, and behind a loop those of the last
 * item that came to them. A step that did not succeed shows the output it recorded, else null. Throws `step_unknown` for a path that
 * the definition does not have.
 */
export function stepOutputs(definition: WorkflowDefinition, history: RunHistory, path: string | null): StepOutputs {
  const outputs: StepOutputs = {};
  visitBefore(definition, history, path, ({ id }, { output }) => {
    outputs[id] = { output: output ?? null };
  });
  return outputs;
}

/** Told of a step that is over, and of the attempt that it ended with. */
type Visit = (step: StepBase, execution: StepExecution) => void;

/** Visits, in the order of the definition, every step that {@link stepOutputs} shows. Throws `step_unknown`. */
export function visitBefore(definition: WorkflowDefinition, history: RunHistory, path: string | null, visit: Visit): void {
  const index = history.index ?? indexHistory(history.executions);
  const arrived = collectBefore(definition.steps, '', path, index, visit);
  if (!arrived && path !== null) {
    throw new AutomationError('step_unknown', `The definition has no step at "${path}".`, {
      hint: 'Use the definition of the version that the run belongs to.',
    });
  }
}

/** Collects what stands before `path` in this list and below; true when the path was met. */
function collectBefore(steps: readonly Step[], prefix: string, path: string | null, index: HistoryIndex, visit: Visit): boolean {
  for (const step of steps) {
    const here = prefix + step.id;
    if (here === path) return true;
    const inside = path?.startsWith(here) ? childPrefix(step, here, path) : null;
    collectOne(step, here, index, visit);
    if (inside) return collectBefore(inside.steps, inside.prefix, path, index, visit);
    collectChildren(step, here, index, visit);
  }
  return false;
}

/** The list of the step's children that the path goes through, with the run path of that list. */
function childPrefix(step: Step, here: string, path: string): { steps: readonly Step[]; prefix: string } | null {
  for (const list of childLists(step)) {
    const segment = list.segment === '[]' ? (/^\[\d+\]/.exec(path.slice(here.length))?.[0] ?? '[]') : list.segment;
    const prefix = `${here}${segment}.`;
    if (path.startsWith(prefix)) return { steps: list.steps, prefix };
  }
  return null;
}

function collectOne(step: Step, here: string, index: HistoryIndex, visit: Visit): void {
  const current = index.get(here)?.current;
  if (current && current.status !== 'running' && current.status !== 'waiting') visit(step, current);
}

function collectChildren(step: Step, here: string, index: HistoryIndex, visit: Visit): void {
  for (const list of childLists(step)) {
    if (list.segment === '[]') collectLoop(list.steps, here, index, visit);
    else collectAll(list.steps, `${here}${list.segment}.`, index, visit);
  }
}

/** Item after item, so that the last one that came to a step wins. What a loop that is over has left is collected once. */
function collectLoop(steps: readonly Step[], here: string, index: HistoryIndex, visit: Visit): void {
  const items = index.get(here)?.current?.output?.items;
  const count = Array.isArray(items) ? items.length : 0;
  let left = index.leftBehind(here);
  if (!left) {
    const latest = new Map<string, LeftBehind>();
    for (let item = 0; item < count; item += 1) {
      collectAll(steps, `${here}[${item}].`, index, (step, execution) => {
        // At the end again: what is told last counts.
        latest.delete(step.id);
        latest.set(step.id, { step, execution });
      });
    }
    left = [...latest.values()];
    if (index.firstOpenItem(here) === count) index.noteLeftBehind(here, left);
  }
  for (const { step, execution } of left) visit(step, execution);
}

function collectAll(steps: readonly Step[], prefix: string, index: HistoryIndex, visit: Visit): void {
  for (const step of steps) {
    collectOne(step, prefix + step.id, index, visit);
    collectChildren(step, prefix + step.id, index, visit);
  }
}
