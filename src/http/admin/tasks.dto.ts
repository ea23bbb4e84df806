import { IsIn, IsObject, IsString, Length, Matches } from 'class-validator';
import type { Page } from '../../admin/run-service.js';
import { TASK_DOORS, type TaskAnswered, type TaskDoor } from '../../admin/task-decisions.js';
import type { TaskAnswerer, TaskCounts, TaskDetail, TaskEntry, TaskItem } from '../../admin/task-service.js';
import type { LoggedError } from '../../core/errors.js';
import type { Json, JsonObject } from '../../core/json.js';
import { FORM_FIELD_TYPES, type FormField, type FormFieldType } from '../../core/people/form-field.js';
import { PRIORITIES, type Priority, TASK_KINDS, type TaskKind } from '../../core/people/question.js';
import type { TaskFilter } from '../../store/human-task-list.js';
import { TASK_STATUSES, type TaskStatus } from '../../store/human-tasks.js';
import { AsSent, Cursor, IfGiven, OptionalNote, OptionalText, QueryInteger, type QueryParameters, WholeNumber } from '../fields.js';
import { ApiProperty, ApiPropertyOptional } from '../openapi.js';
import { CollectedAnswerDto, PersonNameDto } from './collected-answers.dto.js';
import { ActorDto } from './workflow-responses.dto.js';

const ID = { format: 'uuid', example: '019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11' };
const MOMENT = { format: 'date-time', example: '2025-11-20T08:00:00.000Z' };
const SOMETIMES = { ...MOMENT, type: String, nullable: true };
const SOMETHING = { type: 'object', additionalProperties: true, nullable: true } as const;
const VOTES = ['approved', 'rejected'] as const;
const SORTS = ['due', 'newest'] as const;
const YES_NO = ['true', 'false'] as const;
/** A link proves who it was sent to; nobody else may say that they came by one. */
const OWN_DOORS = TASK_DOORS.filter((door) => door !== 'link');

/** Which tasks, and which page of them. */
export class ListTasksQuery {
  @IfGiven()
  @IsIn(YES_NO)
  mine?: 'true' | 'false';

  @IfGiven()
  @IsIn(YES_NO)
  myQueues?: 'true' | 'false';

  @OptionalText(100)
  queue?: string;

  @IfGiven()
  @IsIn(YES_NO)
  overdue?: 'true' | 'false';

  @IfGiven()
  @IsIn(TASK_STATUSES)
  status?: TaskStatus;

  @IfGiven()
  @IsIn(TASK_KINDS)
  kind?: TaskKind;

  @OptionalText(100)
  module?: string;

  @OptionalText(200)
  recordId?: string;

  @Cursor()
  runId?: string;

  @OptionalText(200)
  search?: string;

  @IfGiven()
  @IsIn(SORTS)
  sort?: (typeof SORTS)[number];

  @Cursor()
  cursor?: string;

  @QueryInteger(1, 100)
  limit?: number;
}

/** The parameters of {@link ListTasksQuery} for the OpenAPI document. */
export const LIST_TASKS_PARAMETERS: QueryParameters = {
  mine: { enum: [...YES_NO], description: '`true`: those that the caller is asked, or has taken.' },
  myQueues: { enum: [...YES_NO], description: '`true`: those in queues that the caller works in.' },
  queue: { type: String, example: 'deal-desk', description: 'Those in this queue.' },
  overdue: { enum: [...YES_NO], description: '`true`: those whose due date has passed.' },
  status: { enum: [...TASK_STATUSES], description: 'Default: `open`. What is over is listed the newest first.' },
  kind: { enum: [...TASK_KINDS] },
  module: { type: String, example: 'opportunities' },
  recordId: { type: String, example: '42', description: 'Those about this record.' },
  runId: { schema: { type: 'string', format: 'uuid' }, description: 'Those of this run.' },
  search: {
    type: String,
    example: 'discount',
    description: 'A text in what is asked or in what the record is called, in the first 10,000.',
  },
  sort: { enum: [...SORTS], description: 'Default: `due`, those without a date last.' },
  cursor: { schema: { type: 'string', format: 'uuid' }, description: 'The `nextCursor` of the page before.' },
  limit: { schema: { type: 'integer', minimum: 1, maximum: 100, default: 50 } },
};

/** The query as the service takes it. */
export function toTaskFilter(query: ListTasksQuery): TaskFilter {
  const { mine, myQueues, queue, overdue, status, kind, module, recordId, runId, search } = query;
  return {
    ...(mine === 'true' ? { whose: 'mine' as const } : myQueues === 'true' && { whose: 'queues' as const }),
    ...(queue !== undefined && { queue }),
    ...(overdue === 'true' && { overdue: true }),
    ...(status !== undefined && { status }),
    ...(kind !== undefined && { kind }),
    ...(module !== undefined && { module }),
    ...(recordId !== undefined && { recordId }),
    ...(runId !== undefined && { runId }),
    ...(search !== undefined && { search }),
  };
}

/** Why, in one's own words. */
export class TaskNoteDto {
  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 1000, example: 'I am away tomorrow.' })
  @OptionalNote(1000)
  note?: string | null;
}

/** Who is to do a task from now on. */
export class ReassignTaskDto extends TaskNoteDto {
  @ApiPropertyOptional({ example: 'u-7', description: 'A user; or give a `queue`.' })
  @OptionalText(200)
  userId?: string;

  @ApiPropertyOptional({ example: 'deal-desk' })
  @OptionalText(100)
  queue?: string;

  @ApiPropertyOptional({ example: 'u-2', description: 'Where several vote: in whose place.' })
  @OptionalText(200)
  from?: string;
}

/** What somebody answers. */
export class CompleteTaskDto {
  @ApiPropertyOptional({ enum: VOTES, description: 'Of an approval.', example: 'approved' })
  @IfGiven()
  @IsIn(VOTES)
  decision?: (typeof VOTES)[number];

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description: 'Of a form, a review or a hand-off: a value for each of its fields.',
    example: { kickOffOn: '2030-01-31' },
  })
  @IfGiven()
  @IsObject()
  @AsSent()
  values?: JsonObject;

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 2000, example: 'Fine for this quarter.' })
  @OptionalNote(2000)
  comment?: string | null;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, example: 1, description: 'Answer only if the task is still at this revision.' })
  @IfGiven()
  @WholeNumber(1, 2_147_483_647)
  revision?: number;

  @ApiPropertyOptional({ enum: OWN_DOORS, default: 'api', description: 'By which way it comes, for the log.' })
  @IfGiven()
  @IsIn(OWN_DOORS)
  door?: Exclude<TaskDoor, 'link'>;
}

/** What somebody has to say. */
export class CommentTaskDto {
  @ApiProperty({ minLength: 1, maxLength: 2000, example: 'The customer asked for it in writing.' })
  @IsString()
  @Length(1, 2000)
  @Matches(/\S/, { message: 'text must not be blank' })
  text!: string;
}

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

  @ApiProperty(MOMENT)
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

  @ApiProperty({ type: String, enum: VOTES, nullable: true })
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
  @ApiProperty(MOMENT)
  at!: string;

  @ApiProperty({ type: ActorDto })
  actor!: ActorDto;

  @ApiProperty({ example: 'claimed' })
  action!: string;

  @ApiProperty({ type: String, nullable: true })
  note!: string | null;

  @ApiProperty(SOMETHING)
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

  @ApiProperty({ ...SOMETHING, description: 'What the run was told.' })
  outcome!: JsonObject | null;

  @ApiProperty({ ...SOMETHING, description: 'Why nobody is asked any more.' })
  reason!: LoggedError | null;

  @ApiProperty({ type: [TaskEntryDto], description: 'What happened to it, oldest first.' })
  history!: TaskEntryDto[];
}

/** What became of an answer. */
export class TaskAnsweredDto implements TaskAnswered {
  @ApiProperty({ enum: ['open', 'completed'], description: '`open`: others are still to answer.' })
  status!: 'open' | 'completed';

  @ApiProperty({ ...SOMETHING, description: 'What the run was told.', example: { decision: 'approved' } })
  outcome!: JsonObject | null;
}
