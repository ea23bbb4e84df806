import { Type } from 'class-transformer';
import { IsNotEmpty, IsObject, IsOptional, IsString, ValidateNested } from 'class-validator';
import type { JsonObject } from '../core/json.js';
import { Describe } from './arguments-schema.js';
import { defineAction } from './define-action.js';
import { moduleOfTarget, RecordArgument, targetOf } from './other-records.js';

/** What advance_machine takes. */
class AdvanceMachineArguments {
  @Describe('The code of the state machine.', { example: 'order-fulfilment' })
  @IsString()
  @IsNotEmpty()
  machine!: string;

  @Describe('The transition that is to fire. Default: none; a record that is not in the machine begins in its initial state.', {
    example: 'submit',
  })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  transition?: string;

  @Describe('What the steps of the transition see as `trigger.input`.', { example: { score: '{{context.score}}' } })
  @IsOptional()
  @IsObject()
  input?: JsonObject;

  @Describe("The record that is meant. Default: the run's.", {
    example: { module: 'opportunities', id: '{{record.opportunityId}}' },
    control: 'record',
  })
  @IsOptional()
  @ValidateNested()
  @Type(() => RecordArgument)
  record?: RecordArgument;
}

/** Fires a transition of a record's instance of a state machine. */
export const advanceMachine = defineAction({
  type: 'advance_machine',
  label: 'Advance state machine',
  description:
    'Fires a transition of the record in a state machine, once this step has committed. Its conditions are asked; what does not fire stands in the history of the instance, with the reason.',
  effect: 'local',
  transaction: 'shared',
  arguments: AdvanceMachineArguments,
  output: { machineId: 'text', eventId: 'text' },
  check: (args, about) => moduleOfTarget(args, about).problems,
  async execute({ machine, transition = null, input = {}, record }, step) {
    return { ...(await step.machines.advance({ machine, transition, input, record: targetOf(step, record).record })) };
  },
});
