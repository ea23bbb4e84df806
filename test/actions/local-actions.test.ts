import { beforeEach, describe, expect, it } from '@jest/globals';
import type { LocalStep, SharedLocalAction } from '../../src/actions/action.js';
import { assignOwner } from '../../src/actions/assign-owner.js';
import { changeField } from '../../src/actions/change-field.js';
import { createTask } from '../../src/actions/create-task.js';
import { moveStage } from '../../src/actions/move-stage.js';
import { describeAction, prepareArguments } from '../../src/actions/prepare-arguments.js';
import { sendNotification } from '../../src/actions/send-notification.js';
import type { ModuleDescription } from '../../src/core/catalog.js';
import type { AutomationError } from '../../src/core/errors.js';
import type { JsonObject } from '../../src/core/json.js';
import { rejection } from './support/peers.js';
import { FakeCrm, LEAD, LEADS, localStep, NOW, scopeOf } from './support/steps.js';

let crm: FakeCrm;
beforeEach(() => {
  crm = new FakeCrm();
});

async function run(action: SharedLocalAction, args: JsonObject, more: Partial<LocalStep> = {}): Promise<JsonObject | void> {
  const step = localStep(crm, more);
  return action.execute(prepareArguments(action, args, step.scope), step);
}
const failing = (action: SharedLocalAction, args: JsonObject, more: Partial<LocalStep> = {}) =>
  rejection<AutomationError>(run(action, args, more));
const problems = (action: SharedLocalAction, args: JsonObject, module: ModuleDescription | null = LEADS) =>
  describeAction(action)
    .check(args, { module })
    .map(({ path }) => path);

const WITHOUT_RECORD = { module: null, record: null, scope: scopeOf(null) };
const { ownerField: _owner, stageField: _stage, ...PLAIN } = LEADS;
const NO_FIELDS = { module: PLAIN };

describe('create_task', () => {
  it('creates a task about the record for its owner, unless told otherwise', async () => {
    expect(await run(createTask, { title: 'Call {{record.email}}' })).toEqual({ taskId: 't-1', assigneeId: 'u-1' });
    expect(crm.tasks).toEqual([
      {
        title: 'Call ann@example.test',
        description: null,
        assigneeId: 'u-1',
        dueAt: null,
        priority: null,
        record: { module: 'leads', id: 'l-1' },
      },
    ]);
  });

  it('takes all that a task has', async () => {
    const record = { module: 'accounts', id: '{{record.account.id}}' };
    await run(createTask, { title: 'x', description: 'y', assigneeId: 'u-2', dueAt: '2025-05-01', priority: 'High', record });
    expect(crm.tasks).toEqual([
      { title: 'x', description: 'y', assigneeId: 'u-2', dueAt: '2025-05-01', priority: 'High', record: { module: 'accounts', id: 'a-1' } },
    ]);
  });

  it('counts the due time as a calendar does in the zone of the workflow', async () => {
    // the clocks in Berlin go forward in the night after NOW
    await run(createTask, { title: 'x', dueIn: 'P1D' });
    await run(createTask, { title: 'x', dueIn: 'PT24H' });
    expect(crm.tasks.map((task) => task.dueAt)).toEqual(['2025-03-30T08:00:00.000Z', '2025-03-30T09:00:00.000Z']);
    expect(NOW.toISOString()).toBe('2025-03-29T09:00:00.000Z');
  });

  it.each([
    ['owner', { assigneeId: 'owner' }, {}, 'u-1'],
    ['actor', { assigneeId: 'actor' }, {}, 'u-3'],
    ['actor, when it is no person', { assigneeId: 'actor' }, { scope: scopeOf(LEAD, { actor: { type: 'system', id: null } }) }, null],
    ['owner, without a record', {}, WITHOUT_RECORD, null],
    ['owner, in a module without owners', {}, NO_FIELDS, null],
    ['a user from the record', { assigneeId: '{{record.ownerId}}' }, {}, 'u-1'],
  ] as [string, JsonObject, Partial<LocalStep>, string | null][])('assigns the %s', async (_what, args, more, expected) => {
    await run(createTask, { title: 'x', ...args }, more);
    expect(crm.tasks[0]?.assigneeId).toBe(expected);
  });

  it("assigns the owner of this moment, not of the run's start", async () => {
    crm.record = { ...LEAD, ownerId: 2 };
    crm.users = [{ id: '2', name: 'Nora Number', email: null, roles: [] }];
    await run(createTask, { title: 'x' });
    expect(crm.tasks[0]?.assigneeId).toBe('2');
  });

  it('leaves the task to nobody, and says so, when the owner it would take is not active any more', async () => {
    crm.record = { ...LEAD, ownerId: 'u-9' };
    expect(await run(createTask, { title: 'x' })).toEqual({ taskId: 't-1', assigneeId: null });
    await run(createTask, { title: 'x', assigneeId: 'owner' });
    expect(crm.tasks.map(({ assigneeId }) => assigneeId)).toEqual([null, 'u-9']);
  });

  it('makes a task about nothing when the record of the run is gone', async () => {
    crm.record = null;
    await run(createTask, { title: 'x', assigneeId: 'u-2' });
    expect(crm.tasks).toMatchObject([{ assigneeId: 'u-2', record: null }]);
  });

  it('fails clearly for users that are not active, records that are gone and two due times', async () => {
    expect(await failing(createTask, { title: 'x', assigneeId: 'u-9' })).toMatchObject({
      code: 'user_unknown',
      retry: { kind: 'permanent' },
    });
    expect(await failing(createTask, { title: 'x', dueIn: 'P1D', dueAt: '2025-05-01' })).toMatchObject({ code: 'arguments_invalid' });
    crm.record = null;
    expect(await failing(createTask, { title: 'x' })).toMatchObject({ code: 'record_not_found' });
    expect(crm.tasks).toEqual([]);
  });

  it('is checked in a definition', () => {
    expect(problems(createTask, { title: '{{record.name}}', dueIn: '{{context.wait}}' })).toEqual([]);
    expect(problems(createTask, {})).toEqual(['title']);
    expect(problems(createTask, { title: 'x', dueIn: '1 day' })).toEqual(['dueIn']);
    expect(problems(createTask, { title: 'x', dueIn: '-P1D' })).toEqual(['dueIn']);
    expect(problems(createTask, { title: 'x', dueAt: 'tomorrow' })).toEqual(['dueAt']);
    expect(problems(createTask, { title: 'x', dueIn: 'P1D', dueAt: '2025-05-01' })).toEqual(['dueAt']);
    expect(problems(createTask, { title: 'x', record: { module: 'leads' } })).toEqual(['record.id']);
  });
});

describe('change_field', () => {
  it.each([
    ['a value', { field: 'priority', value: 'Urgent' }, { from: 'Normal', to: 'Urgent' }],
    ['a template that keeps its type', { field: 'score', value: '{{record.amount}}' }, { from: null, to: 10.1 }],
    ['another field', { field: 'name', fromField: 'email' }, { from: 'Ann <b>Lee</b>', to: 'ann@example.test' }],
    ['a field of a related record', { field: 'name', fromField: 'account.industry' }, { from: 'Ann <b>Lee</b>', to: 'Energy' }],
    ['a variable', { field: 'name', fromField: 'trigger.event' }, { from: 'Ann <b>Lee</b>', to: 'created' }],
    ['an increment without binary noise', { field: 'amount', increment: 0.2 }, { from: 10.1, to: 10.3 }],
    ['a decrement below zero', { field: 'amount', increment: -10.2 }, { from: 10.1, to: -0.1 }],
    ['an increment by a whole number', { field: 'amount', increment: 1 }, { from: 10.1, to: 11.1 }],
    ['nothing', { field: 'email', clear: true }, { from: 'ann@example.test', to: null }],
    ['null', { field: 'email', value: null }, { from: 'ann@example.test', to: null }],
  ])('sets a field to %s', async (_what, args, expected) => {
    const field = String(args.field);
    expect(await run(changeField, args as JsonObject)).toEqual({ field, ...expected });
    expect(crm.record?.[field]).toEqual(expected.to);
  });

  it('sets several fields at once', async () => {
    expect(await run(changeField, { fields: { priority: 'Urgent', score: 5 } })).toEqual({
      changes: { priority: { from: 'Normal', to: 'Urgent' }, score: { from: null, to: 5 } },
    });
    expect(crm.writes).toHaveLength(1);
  });

  it('adds to what the record holds now, also when that has more digits than a number', async () => {
    crm.record = { ...LEAD, amount: '9007199254740993.10' };
    await run(changeField, { field: 'amount', increment: 0.05 });
    expect(crm.record?.amount).toBe('9007199254740993.15');
    crm.record = { ...LEAD, amount: 1e21 };
    await run(changeField, { field: 'amount', increment: 1 });
    expect(crm.record?.amount).toBe(1e21);
  });

  it.each([
    ['a field that is empty is added to', { field: 'score', increment: 1 }, 'field_is_empty'],
    ['a value does not fit', { field: 'score', value: '{{record.name}}' }, 'value_invalid'],
    ['a value is not one of the options', { field: 'priority', value: '{{record.name}}' }, 'value_not_allowed'],
    ['a field must not be empty', { field: 'name', fromField: 'closeDate' }, 'value_required'],
    ['there is no such field', { field: '{{record.name}}', value: 1 }, 'field_unknown'],
    ['there is no such source', { field: 'name', fromField: 'account.nickname' }, 'field_unknown'],
    ['the field is not for workflows', { field: 'createdAt', value: '2025-01-01' }, 'field_not_writable'],
    ['there are two sources', { field: 'name', value: 'x', clear: true }, 'arguments_invalid'],
  ])('fails for good when %s', async (_what, args, code) => {
    expect(await failing(changeField, args as JsonObject)).toMatchObject({ code, retry: { kind: 'permanent' } });
    expect(crm.writes).toEqual([]);
  });

  it('needs a record', async () => {
    expect(await failing(changeField, { field: 'name', value: 'x' }, WITHOUT_RECORD)).toMatchObject({ code: 'record_required' });
  });

  it.each([
    ['a literal', { field: 'priority', value: 'Urgent' }, []],
    ['a template', { field: 'score', value: '{{record.amount}}' }, []],
    ['a templated field', { field: '{{context.field}}', value: 'x' }, []],
    ['several fields', { fields: { priority: 'Urgent', score: '{{x}}' } }, []],
    ['no field', { value: 1 }, ['field']],
    ['nothing to set it to', { field: 'name' }, ['value']],
    ['two things to set it to', { field: 'name', value: 'x', increment: 1 }, ['increment', 'increment']],
    ['fields and a field', { field: 'name', fields: { name: 'x' } }, ['field']],
    ['an unknown field', { field: 'nickname', value: 'x' }, ['field']],
    ['an id', { field: 'id', value: 'x' }, ['field']],
    ['a field that is not writable', { fields: { createdAt: '2025-01-01' } }, ['fields.createdAt']],
    ['a wrong type', { field: 'score', value: 'many' }, ['value']],
    ['a wrong type among several', { fields: { score: [], priority: 'Normal' } }, ['fields.score']],
    ['a wrong option', { field: 'priority', value: 'Someday' }, ['value']],
    ['null for a field that needs a value', { field: 'name', value: null }, ['value']],
    ['clearing a field that needs a value', { field: 'optIn', clear: true }, ['clear']],
    ['adding to a text', { field: 'name', increment: 1 }, ['increment']],
    ['adding a text', { field: 'score', increment: 'x' }, ['increment']],
    ['clear that is not true', { field: 'email', clear: false }, ['clear']],
    ['a source of another type', { field: 'optIn', fromField: 'amount' }, ['fromField']],
    ['a source of a like type', { field: 'score', fromField: 'amount' }, []],
    ['a text from a number', { field: 'name', fromField: 'amount' }, []],
    ['a number from a text', { field: 'score', fromField: 'name' }, ['fromField']],
    ['a number from a text in braces', { field: 'score', value: '{{record.name}}' }, ['value']],
    ['a number from a text in braces among several', { fields: { priority: 'Urgent', score: '{{previous.name}}' } }, ['fields.score']],
    ['a number from the text of another variable', { field: 'score', fromField: 'previous.name' }, ['fromField']],
    ['a number from what a helper makes', { field: 'score', value: '{{default amount 0}}' }, []],
    ['a date from a time', { field: 'closeDate', fromField: 'createdAt' }, []],
    ['a list from a text', { field: 'tags', fromField: 'name' }, ['fromField']],
    ['an unknown source', { field: 'name', fromField: 'nickname' }, ['fromField']],
    ['a source further away', { field: 'name', fromField: 'account.industry' }, []],
    ['a templated source', { field: 'name', fromField: '{{context.from}}' }, []],
  ])('in a definition with %s has the problems %j', (_what, args, expected) => {
    expect(problems(changeField, args as JsonObject)).toEqual(expected);
  });

  it('in a definition needs a trigger with a record', () => {
    expect(problems(changeField, { field: 'name', value: 'x' }, null)).toEqual(['']);
  });
});

describe('move_stage', () => {
  it('moves to a stage by name, or to the next', async () => {
    expect(await run(moveStage, { stage: 'Won' })).toEqual({ from: 'New', to: 'Won' });
    crm.record = { ...LEAD, stage: 'New' };
    expect(await run(moveStage, { next: true })).toEqual({ from: 'New', to: 'Qualified' });
    expect(crm.record.stage).toBe('Qualified');
  });

  it('is content when the record is there already', async () => {
    expect(await run(moveStage, { stage: 'New' })).toEqual({ from: 'New', to: 'New' });
  });

  it('takes the stages from the options of the field where the host names none', async () => {
    crm.stages = null;
    const fields = LEADS.fields.map((field) => (field.name === 'stage' ? { ...field, options: ['New', 'Old'] } : field));
    expect(await run(moveStage, { next: true }, { module: { ...LEADS, fields } })).toEqual({ from: 'New', to: 'Old' });
  });

  it('fails with the stages there are when the stage is unknown', async () => {
    const error = await failing(moveStage, { stage: 'Qualifed' });
    expect(error).toMatchObject({ code: 'stage_unknown', retry: { kind: 'permanent' }, details: { stages: ['New', 'Qualified', 'Won'] } });
    expect(error.message).toContain('New, Qualified, Won');
    expect(crm.writes).toEqual([]);
  });

  it('fails when there is no next stage', async () => {
    crm.record = { ...LEAD, stage: 'Won' };
    expect(await failing(moveStage, { next: true })).toMatchObject({ code: 'stage_is_last' });
    crm.record = { ...LEAD, stage: 'Lost in time' };
    expect(await failing(moveStage, { next: true })).toMatchObject({ code: 'stage_unknown' });
    crm.record = { ...LEAD, stage: null };
    expect(await failing(moveStage, { next: true })).toMatchObject({ code: 'stage_unknown' });
  });

  it('fails without a record, without stages, and for both ways at once', async () => {
    expect(await failing(moveStage, { next: true }, WITHOUT_RECORD)).toMatchObject({ code: 'record_required' });
    expect(await failing(moveStage, { next: true }, NO_FIELDS)).toMatchObject({ code: 'stages_undefined' });
    expect(await failing(moveStage, { next: true, stage: 'Won' })).toMatchObject({ code: 'arguments_invalid' });
    crm.stages = null;
    expect(await failing(moveStage, { next: true })).toMatchObject({ code: 'stages_undefined' });
    crm.record = null;
    expect(await failing(moveStage, { next: true })).toMatchObject({ code: 'record_not_found' });
  });

  it('is checked in a definition', () => {
    const fields = LEADS.fields.map((field) => (field.name === 'stage' ? { ...field, options: ['New', 'Won'] } : field));
    expect(problems(moveStage, { stage: 'Anything' })).toEqual([]);
    expect(problems(moveStage, { stage: 'Anything' }, { ...LEADS, fields })).toEqual(['stage']);
    expect(problems(moveStage, { stage: '{{context.stage}}' }, { ...LEADS, fields })).toEqual([]);
    expect(problems(moveStage, {})).toEqual(['stage']);
    expect(problems(moveStage, { next: false })).toEqual(['next']);
    expect(problems(moveStage, { next: true }, PLAIN)).toEqual(['']);
    expect(problems(moveStage, { next: true }, null)).toEqual(['']);
  });
});

describe('assign_owner', () => {
  it('assigns a user', async () => {
    expect(await run(assignOwner, { userId: 'u-2' })).toEqual({ ownerId: 'u-2', previousOwnerId: 'u-1', strategy: 'user' });
    expect(crm.record?.ownerId).toBe('u-2');
  });

  it('assigns in turn, in the order of the step and past those who are not active', async () => {
    const owners: unknown[] = [];
    for (let turn = 0; turn < 5; turn += 1) {
      const output = await run(assignOwner, { strategy: 'round_robin', userIds: ['u-3', 'u-9', 'u-1', 'u-3'] });
      owners.push((output as JsonObject).ownerId);
    }
    expect(owners).toEqual(['u-3', 'u-1', 'u-3', 'u-1', 'u-3']);
  });

  it('has one rotation for a step of a workflow, which the rounds of a loop share', async () => {
    const args = { strategy: 'round_robin', role: 'sales' };
    await run(assignOwner, args, { path: 'each[0].assign' });
    const second = await run(assignOwner, args, { path: 'each[1].assign' });
    const other = await run(assignOwner, args, { path: 'other' });
    expect([second, other]).toMatchObject([{ ownerId: 'u-2' }, { ownerId: 'u-1', strategy: 'round_robin' }]);
    expect([...crm.rotations.keys()]).toEqual(['w-1:each.assign', 'w-1:other']);
  });

  it('assigns the least busy', async () => {
    crm.owned = new Map([
      ['u-1', 4],
      ['u-2', 2],
    ]);
    expect(await run(assignOwner, { strategy: 'least_busy', userIds: ['u-1', 'u-2'] })).toMatchObject({
      ownerId: 'u-2',
      strategy: 'least_busy',
    });
    expect(await run(assignOwner, { strategy: 'least_busy', role: 'sales' })).toMatchObject({ ownerId: 'u-3' });
  });

  it.each([
    ['the user is not active', { userId: 'u-9' }, 'user_unknown'],
    ['none of the users is active', { strategy: 'round_robin', userIds: ['u-9'] }, 'nobody_to_assign'],
    ['nobody has the role', { strategy: 'least_busy', role: 'chef' }, 'nobody_to_assign'],
    ['there is no choice', { userId: '{{record.closeDate}}' }, 'arguments_invalid'],
    ['there are two ways', { userId: 'u-1', strategy: 'round_robin', role: 'sales' }, 'arguments_invalid'],
  ])('fails for good when %s', async (_what, args, code) => {
    expect(await failing(assignOwner, args as JsonObject)).toMatchObject({ code, retry: { kind: 'permanent' } });
    expect(crm.writes).toEqual([]);
  });

  it('fails without a record, an owner field or a rotation that makes sense', async () => {
    expect(await failing(assignOwner, { userId: 'u-1' }, WITHOUT_RECORD)).toMatchObject({ code: 'record_required' });
    expect(await failing(assignOwner, { userId: 'u-1' }, NO_FIELDS)).toMatchObject({ code: 'owner_undefined' });
    crm.nextInRotation = async () => 7;
    expect(await failing(assignOwner, { strategy: 'round_robin', role: 'sales' })).toMatchObject({ code: 'rotation_out_of_range' });
  });

  it('is checked in a definition', () => {
    expect(problems(assignOwner, { userId: '{{actor.id}}' })).toEqual([]);
    expect(problems(assignOwner, { strategy: 'round_robin', userIds: ['u-1'] })).toEqual([]);
    expect(problems(assignOwner, {})).toEqual(['userId']);
    expect(problems(assignOwner, { userId: 'u-1', role: 'sales' })).toEqual(['role']);
    expect(problems(assignOwner, { strategy: 'round_robin' })).toEqual(['userIds']);
    expect(problems(assignOwner, { strategy: 'random', role: 'sales' })).toEqual(['strategy']);
    expect(problems(assignOwner, { strategy: 'round_robin', userIds: [] })).toEqual(['userIds']);
    expect(problems(assignOwner, { userId: 'u-1' }, null)).toEqual(['']);
    expect(problems(assignOwner, { userId: 'u-1' }, PLAIN)).toEqual(['']);
  });
});

describe('send_notification', () => {
  it.each([
    ['a user', { to: 'u-2' }, ['u-2']],
    ['users, each once and in order', { to: ['u-3', 'u-1', 'u-3'] }, ['u-3', 'u-1']],
    ['the owner', { to: 'owner' }, ['u-1']],
    ['the actor and a user', { to: ['actor', 'u-2'] }, ['u-3', 'u-2']],
    ['a role', { role: 'manager' }, ['u-2']],
    ['a role and users', { role: 'sales', to: 'u-2' }, ['u-2', 'u-1', 'u-3']],
    ['those of several who are active', { to: ['u-9', 'u-1', ''] }, ['u-1']],
  ])('notifies %s', async (_what, args, userIds) => {
    const output = await run(sendNotification, { title: 'New: {{record.email}}', body: 'b', ...args } as JsonObject);
    expect(output).toMatchObject({ userIds, count: userIds.length, notificationIds: userIds.map((_id, index) => `n-${index + 1}`) });
    expect(crm.notifications).toEqual(
      userIds.map((userId) => ({ userId, title: 'New: ann@example.test', body: 'b', record: { module: 'leads', id: 'l-1' } })),
    );
  });

  it('works without a record', async () => {
    await run(sendNotification, { title: 'x', to: 'u-1' }, WITHOUT_RECORD);
    expect(crm.notifications).toEqual([{ userId: 'u-1', title: 'x', body: null, record: null }]);
  });

  it('fails with a hint when there is nobody to notify', async () => {
    crm.record = { ...LEAD, ownerId: null };
    const ownerless = await failing(sendNotification, { title: 'x', to: 'owner' });
    expect(ownerless).toMatchObject({ code: 'nobody_to_notify', retry: { kind: 'permanent' }, hint: expect.stringContaining('no owner') });
    const roleless = await failing(sendNotification, { title: 'x', role: 'chef' });
    expect(roleless).toMatchObject({ code: 'nobody_to_notify', hint: expect.stringContaining("'chef'") });
    expect(await failing(sendNotification, { title: 'x' })).toMatchObject({ code: 'arguments_invalid' });
    expect(crm.notifications).toEqual([]);
  });

  it('is checked in a definition', () => {
    expect(problems(sendNotification, { title: 'x', to: '{{record.ownerId}}' })).toEqual([]);
    expect(problems(sendNotification, { title: 'x' })).toEqual(['to']);
    expect(problems(sendNotification, { to: 'owner' })).toEqual(['title']);
    expect(problems(sendNotification, { title: 'x', to: [] })).toEqual(['to']);
    expect(problems(sendNotification, { title: 'x', to: [5] })).toEqual(['to']);
  });
});
