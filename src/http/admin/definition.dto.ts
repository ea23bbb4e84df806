import type { JsonObject } from '../../core/json.js';
import { ApiProperty, ApiPropertyOptional } from '../openapi.js';

/** A definition as examples in the OpenAPI document show it. */
export const EXAMPLE_DEFINITION: JsonObject = {
  trigger: { type: 'event', module: 'leads', event: 'created' },
  conditions: {
    all: [
      { field: 'source', operator: 'equals', value: 'Web Form' },
      {
        any: [
          { field: 'amount', operator: 'greater_than', value: 50000 },
          { field: 'priority', operator: 'equals', value: 'Urgent' },
        ],
      },
    ],
  },
  steps: [
    { id: 'welcome', type: 'send_email', with: { to: '{{record.email}}', template: 'welcome' } },
    {
      id: 'call',
      type: 'create_task',
      with: { title: 'Call {{record.name}}', dueIn: 'P1D' },
      retry: { maxAttempts: 5 },
      onError: 'continue',
    },
  ],
  settings: { reentry: 'always', maxDuration: 'P30D' },
};

/**
 * The form of a definition, for the OpenAPI document alone. What a draft holds is examined by the definition parser,
 * which tells every problem with its path; requests are not refused for it.
 */
export class WorkflowDefinitionDto {
  @ApiProperty({ type: 'object', additionalProperties: true, description: 'What starts it.', example: EXAMPLE_DEFINITION.trigger })
  trigger!: JsonObject;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description:
      'A tree of `all`, `any`, `none` over tests `{ field, operator, value }`. Without it, every event that matches the trigger counts.',
    example: EXAMPLE_DEFINITION.conditions,
  })
  conditions?: JsonObject;

  @ApiProperty({
    type: 'array',
    items: {
      type: 'object',
      required: ['id', 'type'],
      properties: { id: { type: 'string' }, type: { type: 'string', description: 'An action of the catalog, or a kind of flow control.' } },
      additionalProperties: true,
    },
    example: EXAMPLE_DEFINITION.steps,
  })
  steps!: JsonObject[];

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, example: EXAMPLE_DEFINITION.settings })
  settings?: JsonObject;
}
