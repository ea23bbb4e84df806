import { Type } from 'class-transformer';
import { IsISO8601, IsNotEmpty, IsOptional, IsString, MaxLength, ValidateNested } from 'class-validator';
import type { Problem } from '../core/errors.js';
import type { RecordRef } from '../core/event.js';
import type { JsonObject } from '../core/json.js';
import { readMoment } from '../core/time/dates.js';
import { addDuration, durationMistake, parseDuration } from '../core/time/duration.js';
import type { LocalStep } from './action.js';
import { Describe } from './arguments-schema.js';
import { defineAction } from './define-action.js';
import { Rule, refuse } from './rules.js';
import { currentActor, currentOwner, requireUser, usersNamedIn } from './users.js';

/** Another record than the run's. */
class TaskRecord {
  @IsString()
  @IsNotEmpty()
  module!: string;

  @IsString()
  @IsNotEmpty()
  id!: string;
}

function durationProblem(value: unknown): string | null {
  const duration = typeof value === 'string' ? parseDuration(value) : null;
  return duration && duration.sign > 0 ? null : (durationMistake(value, 'P1D or PT2H') ?? 'must not be negative');
}

/** What create_task takes. */
class CreateTaskArguments {
  @Describe('What is to be done.', { example: 'Call {{record.name}}' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(500)
  title!: string;

  @Describe('Details for whoever does it.', { control: 'text' })
  @IsOptional()
  @IsString()
  @MaxLength(20_000)
  description?: string;

  @Describe(
    "Who does it: a user's id, `owner` for the record's owner, `actor` for whoever caused the event. Default: the owner, if there is one who is active.",
    { control: 'user' },
  )
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  assigneeId?: string;

  @Describe('When it is due, counted from now: an ISO 8601 duration, or business days of the workspace (`P2BD`).', { example: 'P1D' })
  @IsOptional()
  @Rule('isDuration', { type: 'string', format: 'duration' }, durationProblem)
  dueIn?: string;

  @Describe('When it is due: an ISO 8601 date or date and time.')
  @IsOptional()
  @IsISO8601({ strict: true })
  dueAt?: string;

  @Describe('As the CRM names its priorities.')
  @IsOptional()
  @IsString()
  @MaxLength(100)
  priority?: string;

  @Describe("The record that the task is about. Default: the run's, while it exists.", { control: 'record' })
  @IsOptional()
  @ValidateNested()
  @Type(() => TaskRecord)
  record?: TaskRecord;
}

/** Creates a task for a person. */
export const createTask = defineAction({
  type: 'create_task',
  label: 'Create task',
  description: 'Creates a task for a person, about the record.',
  effect: 'local',
  transaction: 'shared',
  arguments: CreateTaskArguments,
  output: { taskId: 'text' },
  check: (args) => dueProblems(args),
  writes: () => [{ kind: 'task' }],
  users: ({ assigneeId }) => usersNamedIn(assigneeId, 'assigneeId', ['owner', 'actor']),
  async execute(args, step) {
    refuse(dueProblems(args as unknown as JsonObject));
    const assigneeId = await assigneeOf(args.assigneeId ?? null, step);
    const task = await step.crm.createTask({
      title: args.title,
      description: args.description ?? null,
      assigneeId,
      dueAt: dueAt(args, step),
      priority: args.priority ?? null,
      record: args.record ? { module: args.record.module, id: args.record.id } : await ownRecord(step),
    });
    return { taskId: task.id ?? null, assigneeId };
  },
});

function dueProblems(args: JsonObject): Problem[] {
  return (args.dueIn ?? null) !== null && (args.dueAt ?? null) !== null
    ? [{ path: 'dueAt', message: 'give dueIn or dueAt, not both' }]
    : [];
}

function dueAt(args: CreateTaskArguments, step: LocalStep): string | null {
  const duration = args.dueIn ? parseDuration(args.dueIn) : null;
  // counted as a calendar does in the zone of the workflow: a day later is the same time of day
  if (duration) return addDuration(step.now, duration, step.scope.timezone, step.scope.calendar).toISOString();
  // A plain date stays one: the CRM may keep the day alone.
  return args.dueAt && args.dueAt.length > 10
    ? (readMoment(args.dueAt, step.scope.timezone)?.toISOString() ?? args.dueAt)
    : (args.dueAt ?? null);
}

/** Whoever the step names must be active, as the session sees to. An owner whom it only takes for want of a name may have left. */
async function assigneeOf(assignee: string | null, step: LocalStep): Promise<string | null> {
  switch (assignee) {
    case null:
      return activeOrNull(await currentOwner(step), step);
    case 'owner':
      return currentOwner(step);
    case 'actor':
      return currentActor(step);
    default:
      return (await requireUser(step, assignee)).id;
  }
}

async function activeOrNull(id: string | null, step: LocalStep): Promise<string | null> {
  const [user] = id === null ? [] : await step.crm.findUsers({ ids: [id] });
  return user?.id ?? null;
}

/** The run's record; a workflow about deletions makes its tasks all the same, about nothing that could be opened. */
async function ownRecord(step: LocalStep): Promise<RecordRef | null> {
  return step.record && (await step.crm.get(step.record)) ? step.record : null;
}
