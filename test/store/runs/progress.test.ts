import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { takeRuns } from '../../../src/store/run-command-store.js';
import { countAnswer } from '../../../src/store/runs/inbox.js';
import {
  confirmRuns,
  extendLeases,
  type FinishedProgress,
  finishRuns,
  holdRuns,
  insertRuns,
  type ParkedProgress,
  parkRuns,
  postponeRun,
  releaseRuns,
  stillHeld,
} from '../../../src/store/runs/progress.js';
import type { FirstState, NewRun, RunClaim } from '../../../src/store/runs/run.js';
import { type OwnDatabase, openOwnDatabase } from '../support/own-database.js';

const END = new Date('2030-01-01T09:00:00Z');
const WAITING = [{ path: 'cool', reason: 'delay', until: END.toISOString() }] as ParkedProgress['waiting'];

let own: OwnDatabase;
beforeAll(async () => {
  own = await openOwnDatabase();
});
beforeEach(() => own.query('TRUNCATE automation.runs'));
afterAll(() => own.close());

const parked = (claim: RunClaim, answers = 0, endsWaits = false): ParkedProgress => ({
  ...claim,
  waiting: WAITING,
  dueAt: END.toISOString(),
  answers,
  endsWaits,
});
const finished = (claim: RunClaim, answers = 0): FinishedProgress => ({
  ...claim,
  status: 'failed',
  reason: 'mail_refused',
  error: { code: 'mail_refused', message: 'No.' },
  failedSteps: 2,
  finishedAt: END.toISOString(),
  answers,
});

/** A run in somebody's hands at fence 3, after a recovery. */
async function heldRun(more: object = {}): Promise<RunClaim> {
  const id = await own.run({ status: 'running', fence: 3, recoveries: 1, waiting: [{ path: 'before' }], ...more });
  return { workspaceId: 'acme', id, fence: 3 };
}

describe('a holder of a run', () => {
  const commands: [
    string,
    (manager: EntityManager, claim: RunClaim) => Promise<ReadonlySet<string> | ReadonlyMap<string, number> | void>,
  ][] = [
    ['holds on', (manager, claim) => holdRuns(manager, [{ ...claim, progressed: true, answers: null }], 60_000)],
    ['parks', (manager, claim) => parkRuns(manager, [parked(claim)])],
    ['finishes', (manager, claim) => finishRuns(manager, [finished(claim)])],
    ['releases', (manager, claim) => releaseRuns(manager, [claim])],
    ['postpones', (manager, claim) => postponeRun(manager, claim, 60_000)],
    ['extends the lease', (manager, claim) => extendLeases(manager, [claim], 60_000)],
  ];
  const losses: [string, (claim: RunClaim) => RunClaim, object][] = [
    ['has an older fence', (claim) => ({ ...claim, fence: 2 }), {}],
    ['names another workspace', (claim) => ({ ...claim, workspaceId: 'rival' }), {}],
    ['names another run', (claim) => ({ ...claim, id: uuidv7() }), {}],
    ['has a run that is queued again', (claim) => claim, { status: 'queued' }],
    ['has a run that was ended', (claim) => claim, { status: 'cancelled' }],
  ];
  it.each(commands.flatMap(([command, write]) => losses.map(([loss, spoil, row]) => [command, loss, write, spoil, row] as const)))(
    '%s no run any more when it %s',
    async (_command, _loss, write, spoil, row) => {
      const claim = spoil(await heldRun(row));
      const before = await own.allRuns();
      const written = await own.transaction((manager) => write(manager, claim));
      expect(written?.size ?? 0).toBe(0);
      expect(await own.allRuns()).toEqual(before);
    },
  );

  it.each(losses)('keeps no run under the lease that it has when it %s', async (_loss, spoil, row) => {
    const claim = { ...spoil(await heldRun(row)), answers: null };
    expect(await own.transaction((manager) => confirmRuns(manager, [claim]))).toEqual(new Set());
  });

  it('keeps its run under the lease that it has: nobody takes it before the transaction ends, and nothing is written', async () => {
    const claim = await heldRun();
    const before = await own.runRow(claim.id);
    let taking: Promise<unknown> = Promise.resolve();
    await own.transaction(async (manager) => {
      expect(await confirmRuns(manager, [{ ...claim, answers: null }])).toEqual(new Set([claim.id]));
      taking = own.transaction((other) => takeRuns(other, 'acme', [claim.id]));
      await own.someoneWaits();
    });
    expect(await taking).toMatchObject([{ id: claim.id, fence: 4 }]);
    expect(await own.runRow(claim.id)).toEqual({ ...before, fence: 4, due_at: null, waiting: null });
  });

  it.each(commands)('%s its own run, and touches no other', async (_, write) => {
    const [claim, other] = [await heldRun(), await heldRun()];
    const before = await own.runRow(other.id);
    const written = await own.transaction((manager) => write(manager, claim));
    expect(written === undefined ? [claim.id] : [...written.keys()]).toEqual([claim.id]);
    expect(await own.runRow(claim.id)).not.toEqual(await own.runRow(other.id));
    expect(await own.runRow(other.id)).toEqual(before);
  });

  it('says which it still holds, of all that it names', async () => {
    const [claim, other] = [await heldRun(), await heldRun()];
    const asked = [claim, ...losses.slice(0, 3).map(([, spoil]) => spoil(other)), await heldRun({ status: 'failed' })];
    expect(await own.transaction((manager) => stillHeld(manager, asked))).toEqual(new Set([claim.id]));
  });
});

describe('what is written of a run', () => {
  /** Runs a command, and reads in the same transaction how far from its now the run is due. */
  const write = async (claim: RunClaim, command: (manager: EntityManager) => Promise<unknown>) =>
    own.transaction(async (manager) => {
      const answer = await command(manager);
      const [row] = await manager.query('SELECT *, extract(epoch FROM due_at - now())::int AS due_in FROM automation.runs WHERE id = $1', [
        claim.id,
      ]);
      return { answer, row };
    });

  it.each([
    [true, 0],
    [false, 1],
  ])('that is held on is a new lease; progress (%s) ends the row of recoveries', async (progressed, recoveries) => {
    const claim = await heldRun();
    const { row } = await write(claim, (manager) => holdRuns(manager, [{ ...claim, progressed, answers: null }], 60_000));
    expect(row).toMatchObject({ status: 'running', due_in: 60, fence: 3, recoveries });
  });

  it('that parks is what it waits for, and until when', async () => {
    const claim = await heldRun({ answers: 2 });
    const { row } = await write(claim, (manager) => parkRuns(manager, [parked(claim, 2)]));
    expect(row).toMatchObject({ status: 'waiting', due_at: END, waiting: WAITING, recoveries: 0 });
  });

  it('that parks although it was answered is due at once', async () => {
    const claim = await heldRun({ answers: 3 });
    const { answer, row } = await write(claim, (manager) => parkRuns(manager, [parked(claim, 2)]));
    expect(answer).toEqual(new Set([claim.id]));
    expect(row).toMatchObject({ status: 'queued', due_in: 0, waiting: WAITING, recoveries: 0 });
  });

  it('that ends waits, and was not answered since it was read, is parked or held on as any other', async () => {
    const [parking, holding] = [await heldRun({ answers: 2 }), await heldRun({ answers: 2 })];
    expect(await own.transaction((manager) => parkRuns(manager, [parked(parking, 2, true)]))).toEqual(new Set([parking.id]));
    const held = [{ ...holding, progressed: true, answers: 2 }];
    expect(await own.transaction((manager) => holdRuns(manager, held, 60_000))).toEqual(new Set([holding.id]));
  });

  it('that ends is how it ended; it is due no more', async () => {
    const claim = await heldRun({ answers: 2 });
    const { row } = await write(claim, (manager) => finishRuns(manager, [finished(claim, 2)]));
    expect(row).toMatchObject({
      status: 'failed',
      reason: 'mail_refused',
      error: { code: 'mail_refused', message: 'No.' },
      failed_steps: 2,
      finished_at: END,
      due_at: null,
      waiting: null,
      recoveries: 0,
    });
  });

  it.each<[string, (manager: EntityManager, claim: RunClaim) => Promise<unknown>]>([
    ['that ends', (manager, claim) => finishRuns(manager, [finished(claim, 2)])],
    ['that parks and ends a wait', (manager, claim) => parkRuns(manager, [parked(claim, 2, true)])],
    ['that is held on and ends a wait', (manager, claim) => holdRuns(manager, [{ ...claim, progressed: true, answers: 2 }], 60_000)],
    ['that is kept and ends a wait', (manager, claim) => confirmRuns(manager, [{ ...claim, answers: 2 }])],
  ])('%s although it was answered is nothing: the answer must be used', async (_, command) => {
    const claim = await heldRun({ answers: 3 });
    const before = await own.runRow(claim.id);
    expect(await own.transaction((manager) => command(manager, claim))).toEqual(new Set());
    expect(await own.runRow(claim.id)).toEqual(before);
    expect(await own.transaction((manager) => stillHeld(manager, [claim]))).toEqual(new Set([claim.id]));
  });

  it.each<[string, (manager: EntityManager, claim: RunClaim) => Promise<unknown>, string]>([
    ['queues it', (manager, claim) => parkRuns(manager, [parked(claim)]), 'queued'],
    ['leaves it held', (manager, claim) => finishRuns(manager, [finished(claim)]), 'running'],
  ])('waits for an answer that is being given, and then %s', async (_, command, status) => {
    const claim = await heldRun();
    let writing: Promise<unknown> = Promise.resolve();
    await own.transaction(async (manager) => {
      expect(await countAnswer(manager, { ...claim, runId: claim.id, path: 'cool', attempt: 1 })).toBe(true);
      writing = own.transaction((other) => command(other, claim));
      await own.someoneWaits();
    });
    await writing;
    expect(await own.runRow(claim.id)).toMatchObject({ status, answers: 1 });
  });

  it('that is released is that it is due now, and is no recovery', async () => {
    const claim = await heldRun();
    const { row } = await write(claim, (manager) => releaseRuns(manager, [claim]));
    expect(row).toMatchObject({ status: 'queued', due_in: 0, fence: 3, recoveries: 1 });
  });

  it('that is postponed is that it is due later', async () => {
    const claim = await heldRun();
    const { row } = await write(claim, (manager) => postponeRun(manager, claim, 90_000));
    expect(row).toMatchObject({ status: 'queued', due_in: 90, fence: 3 });
  });

  it('of a heartbeat is the lease; it hears how many answers there are', async () => {
    const claim = await heldRun({ answers: 4 });
    const { answer, row } = await write(claim, (manager) => extendLeases(manager, [claim], 90_000));
    expect(answer).toEqual(new Map([[claim.id, 4]]));
    expect(row).toMatchObject({ status: 'running', due_in: 90 });
  });

  it('is nothing where nothing is given', async () => {
    const manager = { query: () => Promise.reject(new Error('asked')) } as unknown as EntityManager;
    for (const command of [insertRuns, finishRuns, parkRuns]) expect(await command(manager, [])).toEqual(new Set());
    expect(await holdRuns(manager, [], 1)).toEqual(new Set());
    expect(await confirmRuns(manager, [])).toEqual(new Set());
    expect(await extendLeases(manager, [], 1)).toEqual(new Map());
    await expect(releaseRuns(manager, [])).resolves.toBeUndefined();
  });
});

describe('a run as first written', () => {
  const base = { workspaceId: 'acme', workflowId: uuidv7(), versionId: uuidv7(), version: 7, module: 'leads', recordId: '42' };
  const newRun = (state: FirstState): NewRun => ({
    ...base,
    id: uuidv7(),
    eventId: uuidv7(),
    explanation: { rule: 'x' },
    actor: { type: 'user', id: 'u-1' },
    cause: { runId: uuidv7(), depth: 1, path: [] },
    parent: { runId: uuidv7(), path: 'sub', attempt: 1, waits: true },
    ...state,
  });
  const startedAt = '2026-01-01T00:00:00.000Z';

  it.each<[FirstState, object]>([
    [{ status: 'queued' }, { due_in: 0, started_at: null, finished_at: null }],
    [
      { status: 'running', leaseMs: 45_000, startedAt },
      { due_in: 45, started_at: new Date(startedAt) },
    ],
    [
      { status: 'waiting', waiting: WAITING, dueAt: END.toISOString(), startedAt },
      { due_at: END, waiting: WAITING },
    ],
    [
      { status: 'skipped', reason: 'loop', finishedAt: END.toISOString() },
      { reason: 'loop', due_at: null, finished_at: END },
    ],
    [
      { status: 'failed', reason: 'no', error: { code: 'no', message: 'No.' }, failedSteps: 2, startedAt, finishedAt: END.toISOString() },
      { reason: 'no', error: { code: 'no', message: 'No.' }, failed_steps: 2, due_at: null, finished_at: END },
    ],
  ])('keeps what it is: %j', async (state, shown) => {
    const run = newRun(state);
    const row = await own.transaction(async (manager) => {
      expect(await insertRuns(manager, [run])).toEqual(new Set([run.id]));
      const [found] = await manager.query(
        'SELECT *, extract(epoch FROM due_at - now())::int AS due_in FROM automation.runs WHERE id = $1',
        [run.id],
      );
      return found;
    });
    expect(row).toMatchObject({
      workspace_id: 'acme',
      workflow_id: base.workflowId,
      version_id: base.versionId,
      version: 7,
      event_id: run.eventId,
      module: 'leads',
      record_id: '42',
      status: run.status,
      explanation: { rule: 'x' },
      actor: { type: 'user', id: 'u-1' },
      cause: run.cause,
      parent: run.parent,
      fence: 1,
      failed_steps: 0,
      ...shown,
    });
  });

  it('is one of an event and a workflow, whoever routes it again', async () => {
    const first = newRun({ status: 'queued' });
    const again = { ...first, id: uuidv7() };
    const [other, neighbour] = [
      { ...first, id: uuidv7(), workflowId: uuidv7() },
      { ...first, id: uuidv7(), workspaceId: 'rival' },
    ];
    await own.transaction((manager) => insertRuns(manager, [first]));
    const written = await own.transaction((manager) => insertRuns(manager, [again, other, neighbour]));
    expect(written).toEqual(new Set([other.id, neighbour.id]));
  });
});
