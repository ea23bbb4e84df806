import { applyDecorators } from '@nestjs/common';
import { IsString, Matches } from 'class-validator';
import type { Compared, WorkflowDiff } from '../../admin/definition-versions.js';
import type { StepDifference, ValueDifference } from '../../core/definition/diff.js';
import type { Json } from '../../core/json.js';
import { IfGiven, type QueryParameters } from '../fields.js';
import { ApiProperty, ApiPropertyOptional } from '../openapi.js';

const SIDE = /^(draft|published|[1-9]\d{0,8})$/;

/** The draft, what is published, or a version. */
function Side(): PropertyDecorator {
  const message = '$property must be the number of a version, published or draft';
  return applyDecorators(IfGiven(), IsString(), Matches(SIDE, { message })) as PropertyDecorator;
}

/** The same in a body: which of a workflow's definitions is meant. */
export function SideOfWorkflow(): PropertyDecorator {
  const description = 'The number of a version, `published` or `draft`.';
  const schema = { pattern: SIDE.source, default: 'draft', example: 'draft', description };
  return applyDecorators(ApiPropertyOptional(schema), Side()) as PropertyDecorator;
}

/** What to compare with what. */
export class DiffQuery {
  @Side()
  from?: string;

  @Side()
  to?: string;
}

/** The parameters of {@link DiffQuery} for the OpenAPI document. */
export const DIFF_PARAMETERS: QueryParameters = {
  from: {
    schema: { type: 'string', pattern: SIDE.source, default: 'published', example: 'published' },
    description: 'The number of a version, `published` or `draft`.',
  },
  to: { schema: { type: 'string', pattern: SIDE.source, default: 'draft', example: 'draft' }, description: 'As `from`.' },
};

/** A side of a comparison as the service takes it. */
export function toCompared(text: string): Compared {
  return text === 'draft' || text === 'published' ? text : Number(text);
}

/** Whatever a definition may hold. */
const ANY_JSON = {
  nullable: true,
  oneOf: [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }, { type: 'object' }, { type: 'array', items: {} }],
};

class ValueDifferenceDto implements ValueDifference {
  @ApiProperty({ example: 'with.dueIn', description: 'In the definition, or in the step.' })
  path!: string;

  @ApiProperty({ enum: ['added', 'removed', 'changed'], example: 'changed' })
  change!: ValueDifference['change'];

  @ApiProperty({ ...ANY_JSON, example: 'P2D', description: 'Null where it was added.' })
  from!: Json;

  @ApiProperty({ ...ANY_JSON, example: 'P1D', description: 'Null where it was removed.' })
  to!: Json;
}

class StepDifferenceDto implements StepDifference {
  @ApiProperty({ example: 'call' })
  id!: string;

  @ApiProperty({ type: String, nullable: true, example: 'Task to call' })
  name!: string | null;

  @ApiProperty({ example: 'create_task' })
  type!: string;

  @ApiProperty({ enum: ['added', 'removed', 'moved', 'changed'], isArray: true, example: ['moved', 'changed'] })
  changes!: StepDifference['changes'];

  @ApiProperty({ type: String, nullable: true, example: 'steps[1]', description: 'Where it stood; null when it was added.' })
  from!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    example: 'steps[2].otherwise[0]',
    description: 'Where it stands; null when it was removed.',
  })
  to!: string | null;

  @ApiProperty({ type: [ValueDifferenceDto], description: 'The steps inside it are told for themselves.' })
  values!: ValueDifferenceDto[];
}

/** What is other in `to`. */
export class WorkflowDiffDto implements WorkflowDiff {
  @ApiProperty({ type: 'integer', nullable: true, example: 2, description: 'The number of the version; null is the draft.' })
  from!: number | null;

  @ApiProperty({ type: 'integer', nullable: true, example: null, description: 'The number of the version; null is the draft.' })
  to!: number | null;

  @ApiProperty({ example: false, description: 'The order of members is no difference.' })
  isSame!: boolean;

  @ApiProperty({ type: [ValueDifferenceDto], description: 'Of all but the steps: trigger, conditions, settings.' })
  values!: ValueDifferenceDto[];

  @ApiProperty({ type: [StepDifferenceDto] })
  steps!: StepDifferenceDto[];
}
