import { Equals, IsNotEmpty, IsString } from 'class-validator';
import type { ModuleDescription } from '../core/catalog.js';
import { AutomationError, type Problem } from '../core/errors.js';
import type { Json, JsonObject } from '../core/json.js';
import { didYouMean } from '../core/nearest.js';
import { stageUnknown } from '../host/session/refusals.js';
import { Describe } from './arguments-schema.js';
import { defineAction } from './define-action.js';
import { exactlyOne, isKnown, MayBeAbsent, needsModule, recordGone, refuse, requireRecord } from './rules.js';

/** What move_stage takes. */
class MoveStageArguments {
  @Describe("The stage to move to; it must be one of the record's pipeline.", { example: 'Qualified', control: 'stage' })
  @MayBeAbsent()
  @IsString()
  @IsNotEmpty()
  stage?: string;

  @Describe('True: to the stage after the current one.')
  @MayBeAbsent()
  @Equals(true)
  next?: true;
}

/** Moves the record to another stage of its pipeline. */
export const moveStage = defineAction({
  type: 'move_stage',
  label: 'Move stage',
  description: 'Moves the record to a stage of its pipeline, by name or to the next one.',
  effect: 'local',
  transaction: 'shared',
  writesRecord: true,
  arguments: MoveStageArguments,
  output: { from: 'text', to: 'text' },
  check: (args, { module }) => [...exactlyOne(args, ['stage', 'next']), ...stageProblems(args, module)],
  writes: ({ stage }, { module }) =>
    module?.stageField === undefined
      ? []
      : [{ kind: 'field', field: module.stageField, ...(typeof stage === 'string' && isKnown(stage) ? { value: stage } : {}) }],
  async execute(args, step) {
    refuse(exactlyOne(args as unknown as JsonObject, ['stage', 'next']));
    const { record: ref, module } = requireRecord(step);
    const field = module.stageField;
    if (!field) {
      throw noStages(module.label);
    }
    const record = await step.crm.get(ref, [], { lock: true });
    if (!record) {
      throw recordGone(ref);
    }
    const stages = (await step.crm.findStages(module.name, record)) ?? module.fields.find(({ name }) => name === field)?.options;
    if (!stages || stages.length === 0) {
      throw noStages(module.label);
    }
    const from = record[field] ?? null;
    const to = args.stage === undefined ? stageAfter(from, stages) : knownStage(args.stage, stages);
    await step.crm.update(ref, () => ({ [field]: to }));
    return { from, to };
  },
});

function stageProblems(args: JsonObject, module: ModuleDescription | null): Problem[] {
  if (!module) {
    return needsModule(module);
  }
  if (!module.stageField) {
    return [{ path: '', message: `${module.label} have no stages` }];
  }
  const options = module.fields.find(({ name }) => name === module.stageField)?.options;
  if (options && isKnown(args.stage) && typeof args.stage === 'string' && !options.includes(args.stage)) {
    const meant = didYouMean(args.stage, options);
    return [{ path: 'stage', message: `'${args.stage}' is not a stage.${meant} There are ${options.join(', ')}` }];
  }
  return [];
}

function knownStage(stage: string, stages: readonly string[]): string {
  if (!stages.includes(stage)) {
    throw stageUnknown(stage, stages);
  }
  return stage;
}

function stageAfter(current: Json, stages: readonly string[]): string {
  const at = stages.indexOf(String(current));
  if (at < 0) {
    throw new AutomationError(
      'stage_unknown',
      `The record is at '${String(current ?? '')}', which is not a stage of its pipeline: ${stages.join(', ')}`,
      {
        hint: 'Put the record to a stage of its pipeline, or name the stage in the step instead of next.',
        details: { stage: current, stages: [...stages] },
      },
    );
  }
  const next = stages[at + 1];
  if (next === undefined) {
    throw new AutomationError(
      'stage_is_last',
      `The record is at '${String(current)}', the last stage of its pipeline: there is no next one`,
      {
        hint: 'Add a condition on the stage to the workflow, or set onError to continue.',
        details: { stage: current, stages: [...stages] },
      },
    );
  }
  return next;
}

function noStages(module: string): AutomationError {
  return new AutomationError('stages_undefined', `${module} have no stages`, {
    hint: 'The host application must say which field is the stage and which stages there are.',
  });
}
