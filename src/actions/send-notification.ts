import { IsNotEmpty, IsOptional, IsString, MaxLength } from 'class-validator';
import { AutomationError, type Problem } from '../core/errors.js';
import type { Json, JsonObject } from '../core/json.js';
import type { LocalStep } from './action.js';
import { Describe } from './arguments-schema.js';
import { defineAction } from './define-action.js';
import { Rule, refuse } from './rules.js';
import { currentActor, currentOwner, usersNamedIn } from './users.js';

const MOST_USERS = 500;
const TO = { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: MOST_USERS }] };

function toProblem(value: unknown): string | null {
  const list = Array.isArray(value) ? value : [value];
  const fits = list.length > 0 && list.length <= MOST_USERS && list.every((entry) => typeof entry === 'string');
  return fits ? null : "must be a user's id, owner, actor, or a list of these";
}

/** What send_notification takes. */
class SendNotificationArguments {
  @Describe("Who is notified: a user's id, `owner` for the record's owner, `actor` for whoever caused the event, or a list of these.", {
    example: 'owner',
    control: 'user',
  })
  @IsOptional()
  @Rule('isUsers', TO, toProblem)
  to?: string | string[];

  @Describe('Everyone with this role is notified.', { example: 'manager', control: 'role' })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  role?: string;

  @Describe('The notification in one line.', { example: 'New lead: {{record.name}}' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(500)
  title!: string;

  @Describe('More, for those who open it.', { control: 'text' })
  @IsOptional()
  @IsString()
  @MaxLength(20_000)
  body?: string;
}

/** Notifies people inside the CRM. */
export const sendNotification = defineAction({
  type: 'send_notification',
  label: 'Send notification',
  description: 'Notifies people inside the CRM: users, the owner, or everyone with a role.',
  effect: 'local',
  transaction: 'shared',
  arguments: SendNotificationArguments,
  output: { notificationIds: 'list', userIds: 'list', count: 'number' },
  check: (args) => receiverProblems(args),
  users: ({ to, role }) => usersNamedIn(to, 'to', ['owner', 'actor']).map((named) => (role == null ? named : { ...named, others: true })),
  async execute(args, step) {
    refuse(receiverProblems(args as unknown as JsonObject));
    const userIds = await receivers(args, step);
    if (userIds.length === 0) {
      throw new AutomationError('nobody_to_notify', 'There is nobody to notify', {
        hint: args.role
          ? `No active user has the role '${args.role}'. Give someone the role, or name others in the step.`
          : 'The record has no owner, or the users named are not active. Assign an owner first, or name others in the step.',
      });
    }
    const notification = { title: args.title, body: args.body ?? null, record: step.record };
    const ids = await step.crm.notify(userIds.map((userId) => ({ userId, ...notification })));
    return { notificationIds: ids, userIds, count: ids.length };
  },
});

function receiverProblems(args: JsonObject): Problem[] {
  return (args.to ?? args.role ?? null) === null ? [{ path: 'to', message: 'say who is notified: to, role, or both' }] : [];
}

/** Active users only, each once, in the order of the step. */
async function receivers(args: SendNotificationArguments, step: LocalStep): Promise<string[]> {
  const named = await Promise.all(
    [args.to ?? []].flat().map((entry) => {
      if (entry === 'owner') {
        return currentOwner(step);
      }
      return entry === 'actor' ? currentActor(step) : entry;
    }),
  );
  const ids = [...new Set(named.filter((id: Json): id is string => typeof id === 'string' && id !== ''))];
  const active = new Set(ids.length > 0 ? (await step.crm.findUsers({ ids })).map((user) => user.id) : []);
  const withRole = args.role ? (await step.crm.findUsers({ role: args.role })).map((user) => user.id) : [];
  return [...new Set([...ids.filter((id) => active.has(id)), ...withRole])];
}
