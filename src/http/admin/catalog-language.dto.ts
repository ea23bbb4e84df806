import type { ValueKind, ValueShape } from '../../core/operators/operator.js';
import type { HelperDescription, RootDescription } from '../../core/template/describe.js';
import { ApiProperty } from '../openapi.js';

/** How conditions compare. */
export class OperatorDto {
  @ApiProperty({ example: 'in_last' })
  name!: string;

  @ApiProperty({ example: 'is in the last', description: 'As it reads between a field and a value.' })
  label!: string;

  @ApiProperty({
    oneOf: [
      { type: 'string', enum: ['any'] },
      { type: 'array', items: { type: 'string' } },
    ],
    example: ['date', 'datetime'],
    description: 'The types of fields that it fits.',
  })
  types!: 'any' | string[];

  @ApiProperty({
    enum: ['none', 'one', 'pattern', 'list', 'members', 'range', 'amount', 'period', 'change'] satisfies ValueShape[],
    example: 'amount',
    description: 'What the value looks like.',
  })
  value!: ValueShape;

  @ApiProperty({
    enum: ['field', 'order', 'member', 'text', 'number', 'date'] satisfies ValueKind[],
    example: 'date',
    description: 'What it holds: of the type of the field, a number or a date by that type, a member of its list, or always of one type.',
  })
  kind!: ValueKind;

  @ApiProperty({ required: false, type: [String], example: ['day', 'week'], description: 'Of amounts.' })
  units?: string[];

  @ApiProperty({ required: false, type: [String], description: 'Of periods.' })
  periods?: string[];
}

class RootDto implements RootDescription {
  @ApiProperty({ example: 'previous' })
  name!: string;

  @ApiProperty({ example: 'The record before the event.' })
  description!: string;
}

class HelperDto implements HelperDescription {
  @ApiProperty({ example: 'money' })
  name!: string;

  @ApiProperty({ example: 'An amount in a currency.' })
  description!: string;

  @ApiProperty({
    type: 'array',
    items: { type: 'integer' },
    minItems: 2,
    maxItems: 2,
    example: [1, 1],
    description: 'How many values, at least and at most.',
  })
  values!: [number, number];

  @ApiProperty({ type: [String], example: ['currency', 'locale'] })
  options!: string[];

  @ApiProperty({ example: '{{money record.amount currency="EUR"}}' })
  example!: string;
}

/** What templates are made of. */
export class TemplateLanguageDto {
  @ApiProperty({ type: [RootDto] })
  roots!: RootDto[];

  @ApiProperty({ type: [HelperDto] })
  helpers!: HelperDto[];
}
