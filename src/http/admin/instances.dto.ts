import { IsIn } from 'class-validator';
import type { Actor } from '../../core/event.js';
import type { Json, JsonObject } from '../../core/json.js';
import { type HistoryItem, TRANSITION_KINDS, type TransitionKind } from '../../store/machines/history-list.js';
import type { InstanceItem } from '../../store/machines/instance-list.js';
import type { InstanceFilter } from '../../store/machines/instance-ways.js';
import {
  CommaList,
  Cursor,
  commaList,
  IfGiven,
  Moment,
  OptionalText,
  OwnId,
  QueryInteger,
  QueryList,
  type QueryParameters,
} from '../fields.js';
import { ApiProperty } from '../openapi.js';
import { ID, NULLABLE_ID, NULLABLE_OBJECT, NULLABLE_TEXT, NULLABLE_TIME, TIME } from './log-schemas.js';
import { ActorDto } from './workflow-responses.dto.js';

const YES_NO = ['true', 'false'] as const;
type YesNo = (typeof YES_NO)[number];
const MOST_STATES = 50;

/** Which instances, and which page of them. */
export class ListInstancesQuery {
  @IfGiven()
  @OwnId()
  machineId?: string;

  @QueryList(MOST_STATES)
  state?: string[];

  @OptionalText(100)
  module?: string;

  @OptionalText(200)
  recordId?: string;

  @OptionalText(200)
  runKey?: string;

  @IfGiven()
  @IsIn(YES_NO)
  overdue?: YesNo;

  @IfGiven()
  @IsIn(YES_NO)
  transitioning?: YesNo;

  @IfGiven()
  @IsIn(YES_NO)
  failed?: YesNo;

  @Moment()
  enteredFrom?: string;

  @Moment()
  enteredBefore?: string;

  @OptionalText(100)
  cursor?: string;

  @QueryInteger(1, 100)
  limit?: number;
}

/** The parameters of {@link ListInstancesQuery} for the OpenAPI document. */
export const LIST_INSTANCES_PARAMETERS: QueryParameters = {
  machineId: { schema: { type: 'string', format: 'uuid' }, description: 'Those of this state machine.' },
  state: commaList({ type: 'string' }, 'SUBMITTED', 'In one of these states.'),
  module: { type: String, example: 'opportunities' },
  recordId: { type: String, example: '42', description: 'Those of this record.' },
  runKey: { type: String, example: 'sync-2025-11-20', description: 'Those of this run of an integration.' },
  overdue: {
    enum: [...YES_NO],
    description:
      '`true`: those whose timeout is over and has not been seen to, those for longest first; also what came due while the machine was disabled, which stands by when its state was entered.',
  },
  transitioning: { enum: [...YES_NO], description: '`true`: those whose transition is under way, those for longest first.' },
  failed: { enum: [...YES_NO], description: '`true`: those whose last transition has failed, the newest first.' },
  enteredFrom: { schema: { type: 'string', format: 'date-time' }, description: 'In their states since then or later.' },
  enteredBefore: { schema: { type: 'string', format: 'date-time' }, description: 'In their states since before.' },
  cursor: {
    type: String,
    description: 'The `nextCursor` of the page before.',
    example: '2026-01-01T00:00:00.000000Z~019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11',
  },
  limit: { schema: { type: 'integer', minimum: 1, maximum: 100, default: 50 } },
};

/** The query as the service takes it. */
export function toInstanceFilter(query: Omit<ListInstancesQuery, 'cursor' | 'limit'>): InstanceFilter {
  const { overdue, transitioning, failed, enteredFrom, enteredBefore, ...filter } = query;
  return {
    ...filter,
    ...(overdue !== undefined && { overdue: overdue === 'true' }),
    ...(transitioning !== undefined && { transitioning: transitioning === 'true' }),
    ...(failed !== undefined && { failed: failed === 'true' }),
    ...(enteredFrom !== undefined && { enteredFrom: new Date(enteredFrom) }),
    ...(enteredBefore !== undefined && { enteredBefore: new Date(enteredBefore) }),
  };
}

/** Which part of a history. */
export class InstanceHistoryQuery {
  @CommaList(TRANSITION_KINDS.length)
  @IsIn(TRANSITION_KINDS, { each: true })
  kind?: TransitionKind[];

  @Cursor()
  cursor?: string;

  @QueryInteger(1, 100)
  limit?: number;
}

/** The parameters of {@link InstanceHistoryQuery} for the OpenAPI document. */
export const INSTANCE_HISTORY_PARAMETERS: QueryParameters = {
  kind: commaList({ type: 'string', enum: [...TRANSITION_KINDS] }, 'not_fired', 'Only these.'),
  cursor: { schema: { type: 'string', format: 'uuid' }, description: 'The `nextCursor` of the page before.' },
  limit: { schema: { type: 'integer', minimum: 1, maximum: 100, default: 50 } },
};

class TransitionUnderWayDto {
  @ApiProperty({ example: 'submit' })
  transition!: string;

  @ApiProperty({ ...NULLABLE_ID, description: 'The run of its steps.' })
  runId!: string | null;

  @ApiProperty(TIME)
  since!: string;
}

/** An instance of a state machine. */
export class InstanceDto implements InstanceItem {
  @ApiProperty(ID)
  id!: string;

  @ApiProperty(ID)
  machineId!: string;

  @ApiProperty({ example: 'order-fulfilment' })
  machineCode!: string;

  @ApiProperty({ example: 'Order fulfilment' })
  machineName!: string;

  @ApiProperty(ID)
  versionId!: string;

  @ApiProperty({ type: 'integer', example: 2, description: 'The version of the machine that it is on.' })
  version!: number;

  @ApiProperty({ ...NULLABLE_TEXT, example: 'opportunities' })
  module!: string | null;

  @ApiProperty({ ...NULLABLE_TEXT, example: '42' })
  recordId!: string | null;

  @ApiProperty({ ...NULLABLE_TEXT, example: null, description: 'Of a machine for an integration: its run.' })
  runKey!: string | null;

  @ApiProperty({ example: 'SUBMITTED' })
  state!: string;

  @ApiProperty({ example: false })
  isFinal!: boolean;

  @ApiProperty({ type: 'integer', example: 2, description: 'How many states it has entered: what a command may say it was meant for.' })
  entry!: number;

  @ApiProperty({ ...TIME, description: 'Since when it is in its state.' })
  since!: string;

  @ApiProperty({ type: 'integer', example: 5_400_000 })
  timeInStateMs!: number;

  @ApiProperty({ ...NULLABLE_TIME, description: 'When its state times out.' })
  nextTimeout!: string | null;

  @ApiProperty({ example: false })
  isOverdue!: boolean;

  @ApiProperty({ type: TransitionUnderWayDto, nullable: true, description: 'The transition under way; null at rest.', example: null })
  transitioning!: TransitionUnderWayDto | null;

  @ApiProperty({ ...NULLABLE_TEXT, example: 'submit' })
  lastTransition!: string | null;

  @ApiProperty({ ...NULLABLE_TEXT, example: 'manual' })
  lastTrigger!: string | null;

  @ApiProperty({ type: ActorDto, nullable: true })
  lastActor!: Actor | null;

  @ApiProperty(NULLABLE_ID)
  lastRunId!: string | null;

  @ApiProperty({
    ...NULLABLE_OBJECT,
    description: 'The last transition out of this state, where it failed: which one, its run, the error and when.',
    example: null,
  })
  failure!: JsonObject | null;

  @ApiProperty(TIME)
  createdAt!: string;
}

/** One page of instances. */
export class InstancePageDto {
  @ApiProperty({ type: [InstanceDto] })
  items!: InstanceDto[];

  @ApiProperty({ ...NULLABLE_TEXT, example: null })
  nextCursor!: string | null;
}

class HistoryItemDto implements HistoryItem {
  @ApiProperty(ID)
  id!: string;

  @ApiProperty({ enum: [...TRANSITION_KINDS], example: 'fired' })
  kind!: TransitionKind;

  @ApiProperty({ ...NULLABLE_TEXT, example: 'submit' })
  transition!: string | null;

  @ApiProperty({ ...NULLABLE_TEXT, example: 'NEW' })
  from!: string | null;

  @ApiProperty({ ...NULLABLE_TEXT, example: 'SUBMITTED' })
  to!: string | null;

  @ApiProperty({ ...NULLABLE_TEXT, example: 'event' })
  trigger!: string | null;

  @ApiProperty({ type: ActorDto, nullable: true })
  actor!: Actor | null;

  @ApiProperty({ ...NULLABLE_ID, description: 'What set it off; retention may have removed it.' })
  eventId!: string | null;

  @ApiProperty({ ...NULLABLE_ID, description: 'The run of its steps.' })
  runId!: string | null;

  @ApiProperty({
    nullable: true,
    description:
      'Of what did not fire: of each transition that was asked why, its conditions as they were evaluated. Of what fired its conditions (`conditions`), those that were asked before it (`notFired`) and the comment of a person; of a reset the reason; of what failed the error.',
    example: [{ transition: 'submit', reason: 'conditions', explanation: { result: false, field: 'amount', operator: 'greater_than' } }],
  })
  explanation!: Json;

  @ApiProperty({ type: 'integer', nullable: true, example: 5_400_000, description: 'How long it was in the state that it left.' })
  timeInStateMs!: number | null;

  @ApiProperty(TIME)
  at!: string;
}

/** One page of the history of an instance. */
export class InstanceHistoryDto {
  @ApiProperty({ type: [HistoryItemDto] })
  items!: HistoryItemDto[];

  @ApiProperty(NULLABLE_ID)
  nextCursor!: string | null;
}
