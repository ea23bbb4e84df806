import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { type AnswerAddress, countAnswer, insertAnswer, loadAnswers } from '../../../src/store/runs/inbox.js';
import { closeExecutions } from '../../../src/store/step-store.js';
import { type OwnDatabase, openOwnDatabase } from '../support/own-database.js';

const THEN = new Date('2026-01-01T00:00:00Z');

let own: OwnDatabase;
beforeAll(async () => {
  own = await openOwnDatabase();
});
beforeEach(() => own.query('TRUNCATE automation.runs, automation.run_inbox, automation.step_executions'));
afterAll(() => own.close());

const to = (runId: string, more: Partial<AnswerAddress> = {}): AnswerAddress => ({
  workspaceId: 'acme',
  runId,
  path: 'ask',
  attempt: 1,
  ...more,
});

describe('an answer to a run', () => {
  const count = (address: AnswerAddress) => own.transaction((manager) => countAnswer(manager, address));

  it('makes it due where it waits', async () => {
    const id = await own.run({ status: 'waiting', due_at: new Date('2999-01-01T00:00:00Z'), fence: 2 });
    await own.transaction(async (manager) => {
      expect(await countAnswer(manager, to(id))).toBe(true);
      const [row] = await manager.query('SELECT status, answers, fence, due_at = now() AS now FROM automation.runs WHERE id = $1', [id]);
      expect(row).toEqual({ status: 'queued', answers: 1, fence: 2, now: true });
    });
  });

  it.each(['queued', 'running'])('is counted, and changes nothing else, where it is %s', async (status) => {
    const id = await own.run({ status, answers: 1 });
    expect(await count(to(id))).toBe(true);
    expect(await own.runRow(id)).toMatchObject({ status, answers: 2, due_at: THEN });
  });

  it.each(['succeeded', 'failed', 'skipped', 'cancelled'])('comes too late where it is %s', async (status) => {
    const id = await own.run({ status });
    expect(await count(to(id))).toBe(false);
    expect(await own.runRow(id)).toMatchObject({ status, answers: 0 });
  });

  it('of another workspace, or to no run at all, counts nowhere', async () => {
    const [id, other] = [await own.run({ status: 'waiting' }), await own.run({ status: 'waiting' })];
    expect([await count(to(id, { workspaceId: 'rival' })), await count(to(uuidv7()))]).toEqual([false, false]);
    expect(await count(to(id))).toBe(true);
    expect(await own.runRow(other)).toMatchObject({ status: 'waiting', answers: 0 });
  });
});

describe('the inbox of a run', () => {
  const deliver = (address: AnswerAddress, answer: object = { by: 'u-1' }) =>
    own.transaction((manager) => insertAnswer(manager, address, answer as never));
  const stored = () => own.query('SELECT path, attempt, answer FROM automation.run_inbox ORDER BY path, attempt');

  it('takes the first answer to an attempt, and no other one', async () => {
    const id = await own.run();
    expect(await deliver(to(id), { n: 1 })).toBe('taken');
    expect(await deliver(to(id), { n: 2 })).toBe('repeated');
    for (const more of [{ attempt: 2 }, { path: 'more' }, { runId: await own.run() }, { workspaceId: 'rival' }])
      expect(await deliver(to(id, more), { n: 3 })).toBe('taken');
    expect((await stored()).filter(({ path, attempt }) => path === 'ask' && attempt === 1)).toContainEqual({
      path: 'ask',
      attempt: 1,
      answer: { n: 1 },
    });
    expect(await stored()).not.toContainEqual(expect.objectContaining({ answer: { n: 2 } }));
  });

  const step = (runId: string, row: object) =>
    own.insert('step_executions', {
      workspace_id: 'acme',
      run_id: runId,
      path: 'ask',
      attempt: 1,
      position: 0,
      type: 'approval',
      status: 'waiting',
      started_at: THEN,
      ...row,
    });

  it.each<[string, object, string]>([
    ['of one that waits', {}, 'taken'],
    ['of one that was answered or timed out', { status: 'succeeded' }, 'late'],
    ['of one that failed', { status: 'failed' }, 'late'],
    ['of one that a person sent back', { superseded: true }, 'late'],
    ['of one that waits again after that', { status: 'failed', attempt: 0 }, 'taken'],
    ['of one whose neighbour has ended', { status: 'succeeded', path: 'other' }, 'taken'],
    ['of one whose namesake in another run has ended', { status: 'succeeded', run_id: uuidv7() }, 'taken'],
    ['of one whose namesake in another workspace has ended', { status: 'succeeded', workspace_id: 'rival' }, 'taken'],
  ])('looks at the attempt: %s', async (_, row, delivery) => {
    const id = await own.run();
    await step(id, row);
    expect(await deliver(to(id))).toBe(delivery);
    expect(await stored()).toHaveLength(delivery === 'taken' ? 1 : 0);
  });

  it.each([
    ['commits', 'repeated'],
    ['rolls back', 'taken'],
  ])('lets the second of two answers at once wait until the first one %s', async (end, delivery) => {
    const id = await own.run({ status: 'waiting' });
    const answer = (manager: Parameters<typeof countAnswer>[0], n: number) =>
      countAnswer(manager, to(id)).then(() => insertAnswer(manager, to(id), { n }));
    let second: Promise<string> = Promise.resolve('');
    const first = own.transaction(async (manager) => {
      expect(await answer(manager, 1)).toBe('taken');
      second = own.transaction((other) => answer(other, 2));
      await own.someoneWaits();
      if (end === 'rolls back') throw new Error('rolled back');
    });
    await first.catch((error: Error) => expect(error.message).toBe('rolled back'));
    expect(await second).toBe(delivery);
    expect(await stored()).toMatchObject([{ answer: { n: end === 'commits' ? 1 : 2 } }]);
  });

  it('is read with the count, the oldest answer first; of these runs and this workspace only', async () => {
    const [id, silent, other] = [await own.run({ answers: 2 }), await own.run(), await own.run({ answers: 1 })];
    const at = (second: number) => new Date(THEN.getTime() + second * 1_000);
    const answer = (row: object) => own.insert('run_inbox', { workspace_id: 'acme', run_id: id, attempt: 1, answer: {}, ...row });
    await answer({ path: 'second', created_at: at(2) });
    await answer({ path: 'first', created_at: at(1), attempt: 4, answer: { n: 1 } });
    await answer({ path: 'theirs', workspace_id: 'rival' });
    await answer({ path: 'other', run_id: other });
    const read = (workspaceId: string) =>
      own.transaction((manager) =>
        loadAnswers(manager, [
          { workspaceId, id },
          { workspaceId, id: silent },
        ]),
      );
    expect(await read('acme')).toEqual(
      new Map([
        [
          id,
          {
            count: 2,
            answers: [
              { path: 'first', attempt: 4, answer: { n: 1 } },
              { path: 'second', attempt: 1, answer: {} },
            ],
          },
        ],
        [silent, { count: 0, answers: [] }],
      ]),
    );
    expect(await read('rival')).toEqual(new Map());
    expect(await own.transaction((manager) => loadAnswers(manager, []))).toEqual(new Map());
  });
});

describe('the log of a run that is over', () => {
  it('closes what is open, each by itself: an answer that nobody used is kept with the step that it was for', async () => {
    const id = await own.run({ status: 'failed' });
    const step = (path: string, status: string) => ({
      path,
      status,
      workspace_id: 'acme',
      run_id: id,
      attempt: 1,
      position: 0,
      type: 'form',
      started_at: THEN,
    });
    for (const [path, status] of [
      ['ask', 'waiting'],
      ['more', 'waiting'],
      ['call', 'running'],
      ['done', 'succeeded'],
    ] as const) {
      await own.insert('step_executions', step(path, status));
    }
    await own.insert('run_inbox', { workspace_id: 'acme', run_id: id, path: 'ask', attempt: 1, answer: { by: 'u-1' } });
    const error = (code: string) => ({ code, message: '' });
    const closed = { workspaceId: 'acme', runId: id, lost: error('lost'), unanswered: error('unanswered'), unused: error('unused') };
    await own.transaction((manager) => closeExecutions(manager, [closed]));
    expect(await own.query(`SELECT path, status, error->>'code' AS code, output FROM automation.step_executions ORDER BY path`)).toEqual([
      { path: 'ask', status: 'failed', code: 'unused', output: { by: 'u-1' } },
      { path: 'call', status: 'lost', code: 'lost', output: null },
      { path: 'done', status: 'succeeded', code: null, output: null },
      { path: 'more', status: 'failed', code: 'unanswered', output: null },
    ]);
  });
});
