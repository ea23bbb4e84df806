import { IsIn, IsObject, IsString, Length, Matches } from 'class-validator';
import { TASK_DOORS, type TaskDoor } from '../../admin/task-decisions.js';
import type { JsonObject } from '../../core/json.js';
import { TASK_KINDS, type TaskKind } from '../../core/people/question.js';
import type { TaskFilter } from '../../store/human-task-list.js';
import { TASK_STATUSES, type TaskStatus } from '../../store/human-tasks.js';
import { AsSent, Cursor, IfGiven, OptionalNote, OptionalText, QueryInteger, type QueryParameters, WholeNumber } from '../fields.js';
import { ApiProperty, ApiPropertyOptional } from '../openapi.js';

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
