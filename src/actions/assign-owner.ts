import { ArrayMaxSize, ArrayNotEmpty, IsArray, IsIn, IsNotEmpty, IsString } from 'class-validator';
import { AutomationError, type Problem } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import type { LocalStep } from './action.js';
import { Describe } from './arguments-schema.js';
import { defineAction } from './define-action.js';
import { exactlyOne, isKnown, MayBeAbsent, needsModule, refuse, requireRecord } from './rules.js';
import { requireUser, userId, usersNamedIn } from './users.js';

const STRATEGIES = ['round_robin', 'least_busy'] as const;

/** What assign_owner takes. */
class AssignOwnerArguments {
  @Describe('The user who becomes the owner.', { example: 'u-7', control: 'user' })
  @MayBeAbsent()
  @IsString()
  @IsNotEmpty()
  userId?: string;

  @Describe('How the owner is chosen: in turn, or whoever owns the fewest open records.')
  @MayBeAbsent()
  @IsIn(STRATEGIES)
  strategy?: (typeof STRATEGIES)[number];

  @Describe('The users to choose from; those who are not active are passed over.', { example: ['u-1', 'u-2'], control: 'user' })
  @MayBeAbsent()
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(500)
  @IsString({ each: true })
  userIds?: string[];

  @Describe('Choose from everyone with this role.', { example: 'sales', control: 'role' })
  @MayBeAbsent()
  @IsString()
  @IsNotEmpty()
  role?: string;
}

/** Gives the record an owner. */
export const assignOwner = defineAction({
  type: 'assign_owner',
  label: 'Assign owner',
  description: 'Gives the record an owner: a user, the next in turn, or the least busy one.',
  effect: 'local',
  transaction: 'shared',
  writesRecord: true,
  arguments: AssignOwnerArguments,
  output: { ownerId: 'text', previousOwnerId: 'text', strategy: 'text' },
  check: (args, { module }) => [
    ...choiceProblems(args),
    ...needsModule(module),
    ...(module && !module.ownerField ? [{ path: '', message: `${module.label} have no owner` }] : []),
  ],
  writes: ({ userId: owner }, { module }) =>
    module?.ownerField === undefined
      ? []
      : [{ kind: 'field', field: module.ownerField, ...(typeof owner === 'string' && isKnown(owner) ? { value: owner } : {}) }],
  users: ({ userId: owner, userIds }) => [...usersNamedIn(owner, 'userId'), ...usersNamedIn(userIds, 'userIds')],
  async execute(args, step) {
    refuse(choiceProblems(args as unknown as JsonObject));
    const { record: ref, module } = requireRecord(step);
    const field = module.ownerField;
    if (!field) {
      throw new AutomationError('owner_undefined', `${module.label} have no owner`, {
        hint: 'The host application must say which field is the owner.',
      });
    }
    const ownerId = args.userId === undefined ? await choose(args, step, module.name) : (await requireUser(step, args.userId)).id;
    const { before } = await step.crm.update(ref, () => ({ [field]: ownerId }));
    return { ownerId, previousOwnerId: userId(before[field]), strategy: args.strategy ?? 'user' };
  },
});

function choiceProblems(args: JsonObject): Problem[] {
  const problems = exactlyOne(args, ['userId', 'strategy']);
  if (args.strategy !== undefined) {
    return [...problems, ...exactlyOne(args, ['userIds', 'role'])];
  }
  return [
    ...problems,
    ...['userIds', 'role']
      .filter((name) => args[name] !== undefined)
      .map((path) => ({ path, message: 'goes with a strategy: round_robin or least_busy' })),
  ];
}

async function choose(args: AssignOwnerArguments, step: LocalStep, module: string): Promise<string> {
  const candidates = await candidatesOf(args, step);
  if (args.strategy === 'least_busy') {
    return step.crm.leastBusy(module, candidates);
  }
  const place = await step.crm.nextInRotation(rotationKey(step), candidates.length);
  const chosen = candidates[place];
  if (chosen === undefined) {
    throw new AutomationError('rotation_out_of_range', `The rotation gave place ${place} of ${candidates.length}`);
  }
  return chosen;
}

/** Who may be chosen, in an order that stays the same: that of the step, or that of the host for a role. */
async function candidatesOf(args: AssignOwnerArguments, step: LocalStep): Promise<string[]> {
  const listed = args.userIds ? [...new Set(args.userIds)] : null;
  const active = (await step.crm.findUsers(listed ? { ids: listed } : { role: args.role ?? '' })).map((user) => user.id);
  const candidates = listed ? listed.filter((id) => active.includes(id)) : active;
  if (candidates.length === 0) {
    throw new AutomationError(
      'nobody_to_assign',
      args.role ? `No active user has the role '${args.role}'` : 'None of the users to choose from is active',
      {
        hint: 'Name active users in the step, or give someone the role.',
      },
    );
  }
  return candidates;
}

/** One rotation for one step of one workflow, over its versions; the rounds of a loop share it. */
function rotationKey(step: LocalStep): string {
  return `${step.workflow.id}:${step.path.replace(/\[\d+\]/g, '')}`;
}
