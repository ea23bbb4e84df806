import type { Catalog } from '../catalog.js';
import type { Json } from '../json.js';
import { walkSteps } from '../steps/tree.js';
import type { WorkflowDefinition } from './types.js';

/** What a step of a definition changes in the CRM. */
export type StepWrite = {
  /** The id of the step. */
  step: string;
  /** Where it stands: `steps[1].branches[0].steps[2]`. */
  path: string;
  module: string;
} & (
  | {
      kind: 'field';
      /** Null: which one is only known when the step runs. */
      field: string | null;
      /** The new value, where the definition says it. */
      value?: Json;
    }
  | { kind: 'created' }
);

/**
 * Returns what the steps of a definition write: fields of the record that it is about, and records that it creates. In the
 * order in which the steps are written; one field once for each step. Of actions that do not say what they write (a host's
 * own) nothing is told, and of actions that the catalog does not know.
 */
export function writesOf({ trigger, steps }: Pick<WorkflowDefinition, 'trigger' | 'steps'>, catalog: Catalog): StepWrite[] {
  const moduleName = 'module' in trigger ? trigger.module : undefined;
  const module = (moduleName !== undefined && catalog.modules.get(moduleName)) || null;
  const writes: StepWrite[] = [];
  for (const { step, jsonPath: path } of walkSteps(steps)) {
    if (step.kind !== 'action') continue;
    for (const write of catalog.actions.get(step.type)?.writes?.(step.with, { module }) ?? []) {
      const at = { step: step.id, path };
      const written = write.kind === 'field' ? (write.module ?? module?.name) : undefined;
      if (write.kind === 'field' && written !== undefined) writes.push({ ...at, ...write, module: written });
      if (write.kind === 'created' && catalog.modules.has(write.module)) writes.push({ ...at, ...write });
      if (write.kind === 'note' && catalog.noteModule !== undefined) writes.push({ ...at, module: catalog.noteModule, kind: 'created' });
      if (write.kind === 'task' && catalog.taskModule !== undefined) writes.push({ ...at, module: catalog.taskModule, kind: 'created' });
    }
  }
  return writes;
}
