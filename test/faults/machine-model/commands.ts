import { expect } from '@jest/globals';
import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { AutomationDatabase } from '../../../src/store/database.js';
import { insertStarts } from '../../../src/store/event-store.js';
import { ADMIN, type AutomationApp } from '../../support/automation-app.js';
import type { Lead } from '../../support/sample-crm.js';
import { workUntilDeath } from '../support/mortal-app.js';
import { ModelInstance, SOURCES } from './model.js';

/** Two records in one machine, as the database has them. */
export interface World {
  app: AutomationApp;
  machineId: string;
  leads: Lead[];
}

/** The same, as it should be. */
export type Model = ModelInstance[];

type Command = fc.AsyncCommand<Model, World>;

/** A command on the record of that number. */
function command(name: string, run: (model: ModelInstance, world: World, record: number) => Promise<void>, record: number): Command {
  return {
    check: () => true,
    run: (model, world) => run(model[record] as ModelInstance, world, record),
    toString: () => `${name} ${record}`,
  };
}

/** One on both of them. */
function commandOfAll(name: string, run: (model: Model, world: World) => Promise<void>): Command {
  return { check: () => true, run, toString: () => name };
}

const update =
  (source: string) =>
  async (model: ModelInstance, { app, leads }: World, record: number) => {
    const lead = leads[record] as Lead;
    model.capture({ type: 'updated', source });
    const event = {
      workspaceId: 'acme',
      module: 'leads',
      event: 'updated',
      record: { ...lead, source } as never,
      previous: { ...lead } as never,
    };
    await app.automation.publish(event);
  };

const fire = async (model: ModelInstance, world: World, record: number) => {
  model.capture({ type: 'manual', transition: 'back' });
  const instance = await instanceOf(world, record);
  const start = {
    id: uuidv7(),
    workspaceId: 'acme',
    module: 'leads',
    event: 'manual',
    recordId: world.leads[record]?.id ?? null,
    record: null,
  };
  const target = { workflowId: world.machineId, instanceId: instance.id, transition: 'back' };
  const actor = { type: 'user' as const, id: 'u-1' };
  await world.app.module.get(AutomationDatabase).transaction((manager) =>
    insertStarts(manager, [
      {
        ...start,
        previous: null,
        changes: null,
        actor,
        cause: null,
        source: 'manual',
        key: null,
        trigger: { type: 'manual' },
        target,
        parent: null,
      },
    ]),
  );
};

const cancel = async (model: ModelInstance, world: World, record: number) => {
  const { run_id: runId } = await instanceOf(world, record);
  expect(runId !== null).toBe(model.under !== null);
  model.cancel();
  if (runId !== null) await world.app.runs.cancel(runId, null, ADMIN);
};

const retry = async (model: ModelInstance, world: World, record: number) => {
  const { failure } = await instanceOf(world, record);
  expect(failure !== null).toBe(model.failed !== null);
  model.retry();
  if (failure !== null) await world.app.runs.retry(failure.runId, { from: 'start' }, ADMIN);
};

const passTime = async (model: Model, { app, leads }: World) => {
  for (const instance of model) instance.passTime();
  await app.passTime();
  await app.query('UPDATE automation.instances SET timeout_at = now() WHERE timeout_at > now() AND record_id = ANY($1)', [
    leads.map(({ id }) => id),
  ]);
};

const work = async (model: Model, world: World) => {
  for (const instance of model) instance.work();
  await settle(world);
  await compare(model, world);
};

const die = (dieAt: number) => async (model: Model, world: World) => {
  for (const instance of model) instance.work();
  await workUntilDeath(world.app.database.url, dieAt);
  // Another process takes over, when the server has let go of the dead one's locks and the leases have run out.
  await world.app.eventually(async () => {
    await settle(world);
    await compare(model, world);
  });
};

async function settle({ app }: World): Promise<void> {
  await app.query(`UPDATE automation.runs SET due_at = now() WHERE status = 'running'`);
  await app.automation.drain();
}

interface Row {
  id: string;
  state: string;
  entry: number;
  transition: string | null;
  run_id: string | null;
  failure: { runId: string } | null;
  is_timed: boolean;
}

async function instanceOf({ app, leads }: World, record: number): Promise<Row> {
  const [row] = await app.query<Row>(
    'SELECT id, state, entry::int, transition, run_id, failure, timeout_at IS NOT NULL AS is_timed FROM automation.instances WHERE record_id = $1',
    [leads[record]?.id],
  );
  if (!row) throw new Error('there is no instance');
  return row;
}

/** What people and programs can see of each instance is what the model says. */
async function compare(model: Model, world: World): Promise<void> {
  for (const [record, expected] of model.entries()) {
    const { id, state, entry, transition, is_timed, failure } = await instanceOf(world, record);
    const history = await world.app.query<{ told: string }>(
      `SELECT kind || ' ' || transition || coalesce(' ' || from_state || ' -> ' || to_state, '') AS told FROM automation.transitions
       WHERE instance_id = $1 AND kind IN ('fired', 'failed', 'cancelled') ORDER BY id`,
      [id],
    );
    const [made] = await world.app.query<{ tasks: number }>('SELECT count(*)::int AS tasks FROM crm_tasks WHERE "recordId" = $1', [
      world.leads[record]?.id,
    ]);
    expect({
      state,
      entry,
      isUnder: transition !== null,
      isTimed: is_timed,
      hasFailed: failure !== null,
      history: history.map(({ told }) => told),
      tasks: made?.tasks,
    }).toEqual({
      state: expected.state,
      entry: expected.entry,
      isUnder: expected.under !== null,
      isTimed: expected.isTimed,
      hasFailed: expected.failed !== null,
      history: expected.history,
      tasks: expected.tasks,
    });
  }
  const counted = await world.app.query(
    `SELECT state FROM (SELECT state, 1 AS n FROM automation.instances UNION ALL SELECT state, -instances FROM automation.instance_counts) AS all_of
     GROUP BY state HAVING sum(n) <> 0`,
  );
  expect(counted).toEqual([]);
}

const records = fc.integer({ min: 0, max: 1 });

/** Sequences of whatever may happen, with processes that die at any statement. */
export const commands = fc.commands(
  [
    fc.tuple(fc.constantFrom(...SOURCES), records).map(([source, record]) => command(`update to ${source}`, update(source), record)),
    records.map((record) => command('fire', fire, record)),
    records.map((record) => command('cancel', cancel, record)),
    records.map((record) => command('retry', retry, record)),
    fc.constant(commandOfAll('pass time', passTime)),
    fc.constant(commandOfAll('work', work)),
    fc.integer({ min: 1, max: 40 }).map((dieAt) => commandOfAll(`die at ${dieAt}`, die(dieAt))),
  ],
  { maxCommands: 25, size: 'max' },
);

/** Two new records, whose instances were just made. */
export async function newWorld(app: AutomationApp, machineId: string): Promise<{ model: Model; real: World }> {
  const leads = [await app.createLead(), await app.createLead()];
  await app.automation.drain();
  return { model: leads.map(() => new ModelInstance()), real: { app, machineId, leads } };
}

/** At the end of a sequence all that is left is done. */
export async function finish({ model, real }: { model: Model; real: World }): Promise<void> {
  await work(model, real);
}
