import type { Catalog } from '../catalog.js';
import { sameJson } from '../derive-events.js';
import { hasQueue } from '../start/admission.js';
import type { Influence, NeighbouringWorkflow } from './influence.js';
import { loopsOf } from './loops.js';
import { unreachableParts } from './unreachable.js';
import type { DefinitionWarning } from './warnings.js';
import { type StepWrite, writesOf } from './writes.js';

/** A workflow that a warning is about. */
export interface WarnedWorkflow {
  id: string;
  name: string;
  /** The id of its step. */
  step: string;
  /** The field that it writes: `leads.priority`; null where it writes none. */
  field: string | null;
}

/** Something that whoever publishes should know, and that keeps nobody from it: `loop`, `deadlock`, `unreachable`, `field_shared`. */
export interface PublishWarning extends DefinitionWarning {
  /** Of a loop: all that are on the way, in order; of a field: the others that write it. */
  workflows: WarnedWorkflow[];
}

/** The most warnings of one kind. */
const MOST_WARNINGS = 20;

/** Returns what is to be known of a workflow among all others that are active, before it joins them. */
export function publishWarnings(
  workflow: NeighbouringWorkflow,
  others: readonly NeighbouringWorkflow[],
  catalog: Catalog,
): PublishWarning[] {
  const neighbours = others.filter(({ id }) => id !== workflow.id);
  const loops = loopsOf(workflow, neighbours, catalog).map(({ links, isCertain }): PublishWarning => {
    const message = `${isCertain ? 'It starts itself again' : 'It may start itself again'}: ${wayInWords(links)}.`;
    const hint =
      'A chain of workflows never starts one twice on the same record: the second run is skipped with the reason `loop`. Add a condition that no longer holds once it has run.';
    return { path: (links[0] as Influence).path, code: 'loop', message, hint, workflows: links.map(warnedOf) };
  });
  const deadlocks = loopsOf(workflow, neighbours, catalog, ({ waits }) => waits)
    // A chain never starts one twice: it takes a second chain that holds what the first waits for, and the other way round.
    .filter(({ links }) => links.filter(({ from }) => hasQueue(from.definition.settings)).length > 1)
    .map(({ links }): PublishWarning => {
      const message = `Its runs and those of other workflows may wait for each other's turn: ${wayInWords(links)}, each waiting for the end, and several limit their runs or keep them in order.`;
      const hint = 'A run that would wait for ever fails with `deadlock`. Take away a limit or an order, or do not wait.';
      return { path: (links[0] as Influence).path, code: 'deadlock', message, hint, workflows: links.map(warnedOf) };
    });
  const unreachable = unreachableParts(workflow.definition.steps).map(
    ({ path, reason }): PublishWarning => ({ path, code: 'unreachable', message: `No run ever comes here. ${reason}`, workflows: [] }),
  );
  return [
    ...loops,
    ...deadlocks,
    ...unreachable.slice(0, MOST_WARNINGS),
    ...sharedFields(workflow, neighbours, catalog).slice(0, MOST_WARNINGS),
  ];
}

/** Fields that others write, too, and not the same value. */
function sharedFields(workflow: NeighbouringWorkflow, others: readonly NeighbouringWorkflow[], catalog: Catalog): PublishWarning[] {
  const theirs = others.flatMap(({ id, name, definition }) =>
    writesOf(definition, catalog).map((write) => ({ write, workflow: { id, name, step: write.step, field: fieldOf(write) } })),
  );
  const warnings = new Map<string, PublishWarning>();
  for (const write of writesOf(workflow.definition, catalog)) {
    const field = fieldOf(write);
    const rivals = theirs.filter((one) => field !== null && one.workflow.field === field && !isSameValue(write, one.write));
    if (field === null || rivals.length === 0 || warnings.has(field)) continue;
    const names = [...new Set(rivals.map((one) => `"${one.workflow.name}"`))];
    const shown = names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
    warnings.set(field, {
      path: write.path,
      code: 'field_shared',
      message: `${field} is written by ${shown}, too: where both run on a record, the one that comes last wins.`,
      hint: 'See that no record meets the conditions of both, or leave the field to one of them.',
      workflows: rivals.slice(0, MOST_WARNINGS).map((one) => one.workflow),
    });
  }
  return [...warnings.values()];
}

function isSameValue(one: StepWrite, other: StepWrite): boolean {
  const [mine, theirs] = [one, other].map((write) => ('value' in write ? write.value : undefined));
  return mine !== undefined && theirs !== undefined && sameJson(mine, theirs);
}

function fieldOf(write: StepWrite | null): string | null {
  return write?.kind === 'field' && write.field !== null ? `${write.module}.${write.field}` : null;
}

function warnedOf({ from, step, write }: Influence): WarnedWorkflow {
  return { id: from.id, name: from.name, step, field: fieldOf(write) };
}

/** From the workflow and back to it. */
function wayInWords(links: readonly Influence[]): string {
  const names = [...links, links[0] as Influence].map(({ from }) => `"${from.name}"`);
  return [names.join(' → '), ...links.map(linkInWords)].join(', ');
}

function linkInWords({ from, to, step, write }: Influence): string {
  const does =
    write === null
      ? 'starts'
      : write.kind === 'created'
        ? `creates one of ${write.module} for`
        : `changes ${fieldOf(write) ?? `a field of ${write.module}`} for`;
  return `step "${step}" of "${from.name}" ${does} "${to.name}"`;
}
