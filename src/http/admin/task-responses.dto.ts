import type { Page } from '../../admin/run-service.js';
import { TASK_DOORS, type TaskAnswered } from '../../admin/task-decisions.js';
import type { TaskAnswerer, TaskCounts, TaskDetail, TaskEntry, TaskItem } from '../../admin/task-service.js';
import type { LoggedError } from '../../core/errors.js';
import type { Json, JsonObject } from '../../core/json.js';
import { FORM_FIELD_TYPES, type FormField, type FormFieldType } from '../../core/people/form-field.js';
import { PRIORITIES, type Priority, TASK_KINDS, type TaskKind } from '../../core/people/question.js';
import { TASK_STATUSES, type TaskStatus } from '../../store/human-tasks.js';
import { ApiProperty, ApiPropertyOptional } from '../openapi.js';
import { CollectedAnswerDto, PersonNameDto } from './collected-answers.dto.js';
import { ID, NULLABLE_OBJECT, TIME } from './log-schemas.js';
import { ActorDto } from './workflow-responses.dto.js';

const SOMETIMES = { ...TIME, type: String, nullable: true };

class TaskRecordDto {
  @ApiProperty({ example: 'opportunities' })
  module!: string;

  @ApiProperty({ example: '42' })
  id!: string;

  @ApiProperty({ example: 'Website relaunch' })
  title!: string;

  @ApiProperty({ type: String, nullable: true, example: 'https://crm.acme.test/opportunities/42' })
  url!: string | null;
}

class TaskVotesDto {
  @ApiProperty({ type: 'integer', example: 1 })
  approved!: number;

  @ApiProperty({ type: 'integer', example: 0 })
  rejected!: number;

  @ApiProperty({ type: 'integer', example: 3 })
  asked!: number;

  @ApiProperty({ type: 'integer', nullable: true, example: 2, description: 'How many have to say yes; null: the first answer decides.' })
  needed!: number | null;
}

class TaskMayDto {
  @ApiProperty()
  claim!: boolean;

  @ApiProperty()
  release!: boolean;

  @ApiProperty()
  complete!: boolean;
}

class TaskWorkflowDto {
  @ApiProperty(ID)
  id!: string;

  @ApiProperty({ type: String, nullable: true, example: 'Discount approval', description: 'Null: it is gone.' })
  name!: string | null;
}

/** A task as lists show it. */
export class TaskItemDto implements TaskItem {
  @ApiProperty(ID)
  id!: string;

  @ApiProperty({ enum: TASK_KINDS, example: 'approval' })
  kind!: TaskKind;

  @ApiProperty({ enum: TASK_STATUSES, example: 'open' })
  status!: TaskStatus;

  @ApiProperty({ example: 'Discount approval' })
  title!: string;

  @ApiProperty({ type: String, nullable: true, example: 'Is a discount of 20 % fine for Acme?' })
  message!: string | null;

  @ApiProperty({ type: TaskRecordDto, nullable: true })
  record!: TaskRecordDto | null;

  @ApiProperty({ type: String, nullable: true, example: 'deal-desk' })
  queue!: string | null;

  @ApiProperty({ type: PersonNameDto, nullable: true, description: 'Who has it; null: whoever takes it, or everybody who is asked.' })
  assignee!: PersonNameDto | null;

  @ApiProperty({ enum: PRIORITIES, example: 'normal' })
  priority!: Priority;

  @ApiProperty(TIME)
  createdAt!: string;

  @ApiProperty(SOMETIMES)
  dueAt!: string | null;

  @ApiProperty()
  isOverdue!: boolean;

  @ApiProperty({ ...SOMETIMES, description: 'When its step goes on without an answer.' })
  expiresAt!: string | null;

  @ApiProperty(SOMETIMES)
  finishedAt!: string | null;

  @ApiProperty({ type: TaskVotesDto, nullable: true, description: 'Of an approval.' })
  votes!: TaskVotesDto | null;

  @ApiProperty({ type: TaskMayDto, description: 'What the caller may do with it.' })
  may!: TaskMayDto;

  @ApiProperty({ type: TaskWorkflowDto })
  workflow!: TaskWorkflowDto;

  @ApiProperty(ID)
  runId!: string;

  @ApiProperty({ type: 'integer', example: 1 })
  revision!: number;
}

/** One page of tasks. */
export class TaskPageDto implements Page<TaskItem> {
  @ApiProperty({ type: [TaskItemDto] })
  items!: TaskItemDto[];

  @ApiProperty({ type: String, format: 'uuid', nullable: true, example: null, description: 'Null at the end.' })
  nextCursor!: string | null;
}

/** How many tasks there are to do, each counted up to 10,000. */
export class TaskCountsDto implements TaskCounts {
  @ApiProperty({ type: 'integer', example: 3, description: 'Those that the caller is asked, or has taken.' })
  mine!: number;

  @ApiProperty({ type: 'integer', example: 12, description: 'Those in queues that the caller works in.' })
  queues!: number;

  @ApiProperty({ type: 'integer', example: 1, description: 'Overdue ones, of all that the caller sees.' })
  overdue!: number;

  @ApiProperty({ type: 'integer', example: 15, description: 'All that the caller sees.' })
  all!: number;
}

class FormFieldDto implements FormField {
  @ApiProperty({ example: 'kickOffOn' })
  name!: string;

  @ApiPropertyOptional({ example: 'Kick-off on' })
  label?: string;

  @ApiPropertyOptional()
  description?: string;

  @ApiProperty({ enum: FORM_FIELD_TYPES, example: 'date' })
  type!: FormFieldType;

  @ApiPropertyOptional()
  required?: boolean;

  @ApiPropertyOptional({ type: Object, description: 'What stands there at first.' })
  default?: Json;

  @ApiPropertyOptional({ type: [String], description: 'Of a choice.' })
  options?: string[];

  @ApiPropertyOptional({ oneOf: [{ type: 'number' }, { type: 'string' }] })
  min?: number | string;

  @ApiPropertyOptional({ oneOf: [{ type: 'number' }, { type: 'string' }] })
  max?: number | string;

  @ApiPropertyOptional({ type: 'integer' })
  maxLength?: number;

  @ApiPropertyOptional({ description: 'Of a record: where it is looked up.' })
  module?: string;
}

class TaskAnswererDto extends PersonNameDto implements TaskAnswerer {
  @ApiProperty({ description: 'False: they took it from a queue.' })
  isAsked!: boolean;

  @ApiProperty({ description: 'Others have been asked instead: what they said counts no more.' })
  isReplaced!: boolean;

  @ApiProperty({ type: String, enum: ['approved', 'rejected'], nullable: true })
  decision!: 'approved' | 'rejected' | null;

  @ApiProperty({ type: String, nullable: true })
  comment!: string | null;

  @ApiProperty({ type: String, enum: TASK_DOORS, nullable: true })
  door!: string | null;

  @ApiProperty(SOMETIMES)
  decidedAt!: string | null;
}

class ShownFieldDto {
  @ApiProperty({ example: 'amount' })
  field!: string;

  @ApiProperty({ example: 'Amount' })
  label!: string;

  @ApiProperty({ type: Object, nullable: true, example: 50000 })
  value!: Json;
}

class TaskEntryDto implements TaskEntry {
  @ApiProperty(TIME)
  at!: string;

  @ApiProperty({ type: ActorDto })
  actor!: ActorDto;

  @ApiProperty({ example: 'claimed' })
  action!: string;

  @ApiProperty({ type: String, nullable: true })
  note!: string | null;

  @ApiProperty(NULLABLE_OBJECT)
  details!: JsonObject | null;
}

/** All of one task. */
export class TaskDetailDto extends TaskItemDto implements TaskDetail {
  @ApiProperty({ example: 'approve', description: 'Of the step that asks.' })
  path!: string;

  @ApiProperty({ type: 'integer', example: 1 })
  attempt!: number;

  @ApiProperty({ type: [FormFieldDto], description: 'What is to be filled in.' })
  fields!: FormFieldDto[];

  @ApiProperty({ type: [ShownFieldDto], description: 'What the step shows of the record, as it is now.' })
  shown!: ShownFieldDto[];

  @ApiProperty({
    type: [CollectedAnswerDto],
    description: 'What people have answered in its run so far, oldest first: the newest 20. What other steps left is not among it.',
  })
  collected!: CollectedAnswerDto[];

  @ApiProperty({ description: 'A no needs a comment.' })
  reasonRequired!: boolean;

  @ApiProperty({ type: [TaskAnswererDto] })
  people!: TaskAnswererDto[];

  @ApiProperty({ ...NULLABLE_OBJECT, description: 'What the run was told.' })
  outcome!: JsonObject | null;

  @ApiProperty({ ...NULLABLE_OBJECT, description: 'Why nobody is asked any more.' })
  reason!: LoggedError | null;

  @ApiProperty({ type: [TaskEntryDto], description: 'What happened to it, oldest first.' })
  history!: TaskEntryDto[];
}

/** What became of an answer. */
export class TaskAnsweredDto implements TaskAnswered {
  @ApiProperty({ enum: ['open', 'completed'], description: '`open`: others are still to answer.' })
  status!: 'open' | 'completed';

  @ApiProperty({ ...NULLABLE_OBJECT, description: 'What the run was told.', example: { decision: 'approved' } })
  outcome!: JsonObject | null;
}
