import type { Catalog } from '../catalog.js';
import { sameJson } from '../derive-events.js';
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

/** Something that whoever publishes should know, and that keeps nobody from it: `loop`, `unreachable`, `field_shared`. */
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
    const way = [...links.map(({ from }) => from.name), workflow.name].map((name) => `"${name}"`).join(' → ');
    return {
      path: (links[0] as Influence).path,
      code: 'loop',
      message: `${isCertain ? 'It starts itself again' : 'It may start itself again'}: ${way}, ${links.map(linkInWords).join(', ')}.`,
      hint: 'A chain of workflows never starts one twice on the same record: the second run is skipped with the reason `loop`. Add a condition that no longer holds once it has run.',
      workflows: links.map(({ from, step, write }) => ({ id: from.id, name: from.name, step, field: fieldOf(write) })),
    };
  });
  const unreachable = unreachableParts(workflow.definition.steps).map(
    ({ path, reason }): PublishWarning => ({ path, code: 'unreachable', message: `No run ever comes here. ${reason}`, workflows: [] }),
  );
  return [...loops, ...unreachable.slice(0, MOST_WARNINGS), ...sharedFields(workflow, neighbours, catalog).slice(0, MOST_WARNINGS)];
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

function linkInWords({ from, to, step, write }: Influence): string {
  const does =
    write === null
      ? 'starts'
      : write.kind === 'created'
        ? `creates one of ${write.module} for`
        : `changes ${fieldOf(write) ?? `a field of ${write.module}`} for`;
  return `step "${step}" of "${from.name}" ${does} "${to.name}"`;
}
