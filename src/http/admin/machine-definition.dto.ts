import type { JsonObject } from '../../core/json.js';
import { ApiProperty, ApiPropertyOptional } from '../openapi.js';

/** The definition of a machine as examples in the OpenAPI document show it. */
export const EXAMPLE_MACHINE: JsonObject = {
  for: { module: 'opportunities' },
  start: { trigger: { type: 'event', event: 'closed_won' } },
  states: [
    { code: 'NEW', initial: true },
    { code: 'SUBMITTED', timeout: { after: 'PT48H', transition: 'escalate' } },
    { code: 'CONFIRMED', final: true },
    { code: 'ESCALATED' },
  ],
  transitions: [
    { code: 'submit', from: 'NEW', to: 'SUBMITTED', trigger: { type: 'export' } },
    {
      code: 'confirm',
      from: ['SUBMITTED', 'ESCALATED'],
      to: 'CONFIRMED',
      trigger: { type: 'import' },
      conditions: { field: 'amount', operator: 'greater_than', value: 0 },
      steps: [{ id: 'tell', type: 'send_notification', with: { to: 'owner', title: '{{record.name}} is confirmed' } }],
    },
    { code: 'escalate', from: 'SUBMITTED', to: 'ESCALATED', trigger: { type: 'timeout' } },
  ],
};

const MANY = { type: 'array', items: { type: 'object', additionalProperties: true } } as const;

/** The form of a machine's definition, for the OpenAPI document alone; see `machine.schema.json`. */
export class MachineDefinitionDto {
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: '`{ module }`: an instance for each record; `{ integration }`: one for each of its runs.',
    example: EXAMPLE_MACHINE.for,
  })
  for!: JsonObject;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description:
      'What makes an instance: `{ trigger, conditions }`. Without it the first event that a transition out of the initial state listens to.',
    example: EXAMPLE_MACHINE.start,
  })
  start?: JsonObject;

  @ApiProperty({
    ...MANY,
    description: '`{ code, description, initial, final, timeout: { after, transition } }`',
    example: EXAMPLE_MACHINE.states,
  })
  states!: JsonObject[];

  @ApiProperty({
    ...MANY,
    description: '`{ code, description, from, to, trigger, conditions, steps, settings, enabled }`, in the order in which they are asked.',
    example: EXAMPLE_MACHINE.transitions,
  })
  transitions!: JsonObject[];
}
