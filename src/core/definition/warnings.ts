import type { Catalog, ModuleDescription } from '../catalog.js';
import { didYouMean } from '../nearest.js';
import { foldCase } from '../operators/letter-case.js';
import { watchedField } from '../trigger/event.js';
import type { WorkflowDefinition } from './types.js';
import { writesOf } from './writes.js';

/** One thing about a definition that deserves a look, and keeps nobody from saving or publishing it. */
export interface DefinitionWarning {
  /** Where, as a problem's: `steps[1].with.stage`. */
  path: string;
  /** What, for programs: `stage_not_listed`. */
  code: string;
  message: string;
  hint?: string;
}

/** A stage that a definition names, of a module whose stages the catalog does not list because the host may add some. */
export interface NamedStage {
  path: string;
  module: string;
  stage: string;
  /** Triggers do; writes are exact. */
  ignoresCase: boolean;
}

/**
 * Returns the stages that a definition names and that only the host can know: of its trigger, and of what its steps write.
 * Where records of a module have different pipelines nothing is told: which one a record will be in is not known yet.
 */
export function namedStages({ trigger, steps }: Pick<WorkflowDefinition, 'trigger' | 'steps'>, catalog: Catalog): NamedStage[] {
  const module = 'module' in trigger && trigger.module !== undefined ? catalog.modules.get(trigger.module) : undefined;
  if (module === undefined || !isAskedOfHost(module)) return [];
  const named: NamedStage[] = [];
  if (trigger.type === 'event' && watchedField(trigger, module) === module.stageField) {
    for (const side of ['from', 'to'] as const) {
      for (const stage of trigger[side] ?? []) {
        named.push({ path: `trigger.${side}`, module: module.name, stage, ignoresCase: true });
      }
    }
  }
  for (const write of writesOf({ trigger, steps }, catalog)) {
    if (write.kind !== 'field' || write.field !== module.stageField || typeof write.value !== 'string') continue;
    named.push({ path: `${write.path}.with`, module: module.name, stage: write.value, ignoresCase: false });
  }
  return named;
}

/** Whether the module has stages that all of its records share and the catalog does not list. */
function isAskedOfHost({ fields, stageField, pipelineFields }: ModuleDescription): boolean {
  return pipelineFields?.length === 0 && fields.some(({ name, options }) => name === stageField && options === undefined);
}

/** Returns a warning for each named stage that the host does not have now; `stages` are those of the module. */
export function stageWarnings(named: readonly NamedStage[], stages: readonly string[]): DefinitionWarning[] {
  return named.flatMap(({ path, stage, ignoresCase }) => {
    const plain = (text: string): string => (ignoresCase ? foldCase(text) : text);
    if (stages.some((one) => plain(one) === plain(stage))) return [];
    return {
      path,
      code: 'stage_not_listed',
      message: `The CRM has no stage "${stage}" now.${didYouMean(stage, stages)} Its stages are: ${stages.join(', ')}.`,
      hint: 'Correct it, unless the stage is yet to be added.',
    };
  });
}
