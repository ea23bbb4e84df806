import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { InstanceReset } from '../../../src/admin/instance-reset.js';
import { MachineService } from '../../../src/admin/machine-service.js';
import { AutomationDatabase } from '../../../src/store/database.js';
import { insertStarts } from '../../../src/store/event-store.js';
import { ADMIN, type AutomationApp } from '../../support/automation-app.js';
import type { Lead } from '../../support/sample-crm.js';
import { workUntilDeath } from '../support/mortal-app.js';
import { ModelInstance, SOURCES } from './model.js';

/** Records side by side: each has a sequence of its own, and they share who works, who dies and how time passes. */
export const RECORDS = 20;
/** Of a group at most: with two commands a record before each, on the average, a sequence has some twenty. */
const ROUNDS = 10;

/** All that has come is routed at once: what waits for the end of a transition comes after what was captured by then and is not routed. */
export const WORKER = { enabled: false, batchSize: 1_000, shutdownGraceMs: 1 };

/** One record in the machine: as the database has it, as it should be, and what was done to it. */
interface Subject {
  lead: Lead;
  instanceId: string;
  model: ModelInstance;
  trace: string[];
}

/** A group of records in one machine. */
export interface World {
  app: AutomationApp;
  machineId: string;
  isEnabled: boolean;
  subjects: Subject[];
  deaths: number;
}

/** What is done to one record. */
type Command =
  | { kind: 'update'; source: string }
  | { kind: 'fire' }
  | { kind: 'cancel' }
  | { kind: 'retry' }
  | { kind: 'reset'; to: string };

/** What happens to all of them. */
type Turn =
  | { kind: 'work' }
  | { kind: 'die'; at: number }
  | { kind: 'pass time' }
  | { kind: 'disable' }
  | { kind: 'enable'; missed: Missed };
type Missed = 'fire' | 'restart';

/** Commands on some of the records, then a turn. */
interface Round {
  commands: { record: number; command: Command }[];
  turn: Turn;
}

/** Whatever may happen, with processes that die at any statement. */
export const rounds: fc.Arbitrary<Round[]> = fc.array(
  fc.record({
    commands: fc.array(fc.record({ record: fc.integer({ min: 0, max: RECORDS - 1 }), command: commandOfOne() }), {
      maxLength: RECORDS * 4,
      size: 'max',
    }),
    turn: fc.oneof(
      { weight: 3, arbitrary: fc.constant<Turn>({ kind: 'work' }) },
      { weight: 4, arbitrary: fc.integer({ min: 1, max: 60 }).map((at): Turn => ({ kind: 'die', at })) },
      { weight: 3, arbitrary: fc.constant<Turn>({ kind: 'pass time' }) },
      { weight: 1, arbitrary: fc.constant<Turn>({ kind: 'disable' }) },
      { weight: 2, arbitrary: fc.constantFrom<Missed>('fire', 'restart').map((missed): Turn => ({ kind: 'enable', missed })) },
    ),
  }),
  { minLength: ROUNDS / 2, maxLength: ROUNDS, size: 'max' },
);

function commandOfOne(): fc.Arbitrary<Command> {
  return fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...SOURCES).map((source): Command => ({ kind: 'update', source })) },
    { weight: 2, arbitrary: fc.constant<Command>({ kind: 'fire' }) },
    { weight: 1, arbitrary: fc.constant<Command>({ kind: 'cancel' }) },
    { weight: 1, arbitrary: fc.constant<Command>({ kind: 'retry' }) },
    { weight: 1, arbitrary: fc.constantFrom('NEW', 'NEW', 'OPEN', 'DONE').map((to): Command => ({ kind: 'reset', to })) },
  );
}

/** New records, whose instances were just made. */
export async function newWorld(app: AutomationApp, machineId: string): Promise<World> {
  const leads = await Promise.all(Array.from({ length: RECORDS }, () => app.createLead()));
  await app.automation.drain();
  const rows = await app.query<{ id: string; record_id: string }>(
    'SELECT id, record_id FROM automation.instances WHERE machine_id = $1 AND record_id = ANY($2)',
    [machineId, leads.map(({ id }) => id)],
  );
  const subjects = leads.map((lead): Subject => {
    const instanceId = rows.find(({ record_id: recordId }) => recordId === lead.id)?.id;
    if (instanceId === undefined) throw new Error('a new record has no instance');
    return { lead, instanceId, model: new ModelInstance(), trace: [] };
  });
  return { app, machineId, isEnabled: true, subjects, deaths: 0 };
}

/** Does it all, and compares whenever all that there was to do is done; at the end, of whatever is left. */
export async function play(world: World, played: readonly Round[]): Promise<void> {
  for (const { commands, turn } of played) {
    for (const { record, command } of commands) {
      const subject = world.subjects[record] as Subject;
      subject.trace.push(Object.values(command).join(' '));
      await ACTS[command.kind](world, subject, command as never);
    }
    for (const { trace } of world.subjects) trace.push(`[${Object.values(turn).join(' ')}]`);
    await take(world, turn);
  }
  await take(world, { kind: 'enable', missed: 'fire' });
  await take(world, { kind: 'work' });
}

type Acts = { [Kind in Command['kind']]: (world: World, subject: Subject, command: Extract<Command, { kind: Kind }>) => Promise<void> };

const ACTS: Acts = {
  async update({ app }, { lead, model }, { source }) {
    model.capture({ type: 'updated', source });
    const record = { ...lead, source } as never;
    await app.automation.publish({ workspaceId: 'acme', module: 'leads', event: 'updated', record, previous: { ...lead } as never });
  },
  async fire({ app, machineId }, { lead, instanceId, model }) {
    model.capture({ type: 'manual', transition: 'back' });
    const about = { workspaceId: 'acme', module: 'leads', recordId: lead.id, record: null, previous: null, changes: null };
    const by = { actor: { type: 'user' as const, id: 'u-1' }, cause: null, source: 'manual', key: null, parent: null };
    const target = { workflowId: machineId, instanceId, transition: 'back' };
    // As it comes when it was captured and nobody has routed it yet.
    const start = { id: uuidv7(), event: 'manual', ...about, ...by, trigger: { type: 'manual' }, target };
    await app.module.get(AutomationDatabase).transaction((manager) => insertStarts(manager, [start]));
  },
  async cancel({ app }, subject) {
    const runId = await runOf(app, subject, 'run_id');
    if ((runId !== null) !== (subject.model.under !== null)) throw unlike(subject, `a run is under way: ${runId}`);
    subject.model.cancel();
    if (runId !== null) await app.runs.cancel(runId, null, ADMIN);
  },
  async retry({ app }, subject) {
    const runId = await runOf(app, subject, `failure->>'runId'`);
    if ((runId !== null) !== (subject.model.failed !== null)) throw unlike(subject, `a run has failed: ${runId}`);
    subject.model.retry();
    if (runId !== null) await app.runs.retry(runId, { from: 'start' }, ADMIN);
  },
  async reset({ app }, { instanceId, model }, { to }) {
    model.reset(to);
    await app.module.get(InstanceReset).reset(instanceId, { state: to, reason: 'Again' }, ADMIN);
  },
};

async function take(world: World, turn: Turn): Promise<void> {
  const { app, machineId, isEnabled, subjects } = world;
  const machines = app.module.get(MachineService);
  switch (turn.kind) {
    case 'work':
      for (const { model } of subjects) model.work(isEnabled);
      await settle(world);
      return compare(world);
    case 'die':
      for (const { model } of subjects) model.work(isEnabled);
      if (await workUntilDeath(app.database.url, turn.at, { options: { worker: WORKER } })) world.deaths += 1;
      // Another process takes over, when the server has let go of the dead one's locks and the leases have run out.
      return app.eventually(async () => {
        await settle(world);
        await compare(world);
      });
    case 'pass time':
      for (const { model } of subjects) model.passTime();
      await app.passTime();
      await app.query('UPDATE automation.instances SET timeout_at = now() WHERE timeout_at > now() AND id = ANY($1)', [idsOf(world)]);
      return;
    case 'disable':
      world.isEnabled = false;
      await machines.disable(machineId, ADMIN);
      return;
    case 'enable':
      if (!isEnabled) for (const { model } of subjects) model.enabled(turn.missed);
      world.isEnabled = true;
      await machines.enable(machineId, ADMIN, turn.missed);
  }
}

async function settle({ app }: World): Promise<void> {
  await app.query(`UPDATE automation.runs SET due_at = now() WHERE status = 'running'`);
  await app.automation.drain();
}

async function runOf({ query }: AutomationApp, { instanceId }: Subject, of: string): Promise<string | null> {
  const [row] = await query<{ run: string | null }>(`SELECT ${of} AS run FROM automation.instances WHERE id = $1`, [instanceId]);
  if (!row) throw new Error('there is no instance');
  return row.run;
}

/** What people and programs can see of an instance. */
interface Seen {
  state: string;
  entry: number;
  isUnder: boolean;
  isTimed: boolean;
  hasFailed: boolean;
  history: string[];
  tasks: number;
}

/** It is what the model says. */
async function compare(world: World): Promise<void> {
  const rows = await world.app.query<Seen & { id: string }>(
    `SELECT id, state, entry::int, transition IS NOT NULL AS "isUnder", timeout_at IS NOT NULL AS "isTimed", failure IS NOT NULL AS "hasFailed",
       ARRAY(SELECT kind || coalesce(' ' || transition, '') || coalesce(' ' || from_state || ' -> ' || to_state, '') FROM automation.transitions t
         WHERE t.workspace_id = i.workspace_id AND instance_id = i.id AND kind IN ('fired', 'failed', 'cancelled', 'reset') ORDER BY t.id) AS history,
       (SELECT count(*)::int FROM crm_tasks WHERE "recordId" = record_id) AS tasks
     FROM automation.instances i WHERE id = ANY($1)`,
    [idsOf(world)],
  );
  for (const subject of world.subjects) {
    const { state, entry, isTimed, history, tasks, under, failed } = subject.model;
    const expected: Seen = { state, entry, isUnder: under !== null, isTimed, hasFailed: failed !== null, history, tasks };
    const { id, ...found } = rows.find((row) => row.id === subject.instanceId) ?? { id: null };
    if (!isDeepStrictEqual(found, expected))
      throw unlike(subject, `it is ${JSON.stringify(found)} and should be ${JSON.stringify(expected)}`);
  }
  const miscounted = await world.app.query(
    `SELECT state FROM (SELECT state, 1 AS n FROM automation.instances UNION ALL SELECT state, -instances FROM automation.instance_counts) AS all_of
     GROUP BY state HAVING sum(n) <> 0`,
  );
  if (miscounted.length > 0) throw new Error(`the counts are not those of the instances: ${JSON.stringify(miscounted)}`);
}

function unlike({ instanceId, trace }: Subject, what: string): Error {
  return new Error(`instance ${instanceId}: ${what}\nafter ${trace.join(', ')}`);
}

function idsOf({ subjects }: World): string[] {
  return subjects.map(({ instanceId }) => instanceId);
}
