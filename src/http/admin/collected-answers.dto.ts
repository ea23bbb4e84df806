import type { CollectedAnswer, CollectedValue } from '../../admin/collected-answers.js';
import type { PersonName } from '../../admin/task-service.js';
import type { Json } from '../../core/json.js';
import { FORM_FIELD_TYPES, type FormFieldType } from '../../core/people/form-field.js';
import { TASK_KINDS, type TaskKind } from '../../core/people/question.js';
import { ApiProperty } from '../openapi.js';

/** A person as lists show them. */
export class PersonNameDto implements PersonName {
  @ApiProperty({ example: 'u-7' })
  id!: string;

  @ApiProperty({ example: 'Ada Lindqvist' })
  name!: string;
}

class CollectedValueDto implements CollectedValue {
  @ApiProperty({ example: 'seats' })
  field!: string;

  @ApiProperty({ example: 'Seats' })
  label!: string;

  @ApiProperty({ enum: FORM_FIELD_TYPES, example: 'number' })
  type!: FormFieldType;

  @ApiProperty({ type: Object, nullable: true, example: 12, description: 'A text of more than 1,000 characters is cut, and ends in `…`.' })
  value!: Json;
}

/** What people have answered in a run before. */
export class CollectedAnswerDto implements CollectedAnswer {
  @ApiProperty({ format: 'uuid', example: '019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11' })
  taskId!: string;

  @ApiProperty({ example: 'plan' })
  path!: string;

  @ApiProperty({ enum: TASK_KINDS, example: 'form' })
  kind!: TaskKind;

  @ApiProperty({ example: 'Plan the kick-off' })
  title!: string;

  @ApiProperty({ type: PersonNameDto, nullable: true, description: 'Who answered, the last of several.' })
  by!: PersonNameDto | null;

  @ApiProperty({ format: 'date-time', example: '2025-11-20T08:00:00.000Z' })
  at!: string;

  @ApiProperty({ type: String, enum: ['approved', 'rejected'], nullable: true, description: 'Of an approval.' })
  decision!: 'approved' | 'rejected' | null;

  @ApiProperty({ type: String, nullable: true })
  comment!: string | null;

  @ApiProperty({ type: [CollectedValueDto], description: 'What was filled in.' })
  values!: CollectedValueDto[];
}
