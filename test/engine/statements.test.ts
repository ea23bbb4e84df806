import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { Logger } from 'typeorm';
import { Router } from '../../src/engine/routing/router.js';
import { RunDriver } from '../../src/engine/running/run-driver.js';
import { AutomationDatabase } from '../../src/store/database.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { call, FarSide } from './support/far-side.js';

const CREATED = { type: 'event', module: 'leads', event: 'created' };

/**
 * Each statement is a round trip on the way of an event that comes alone: idle latency is their sum. One more needs a
 * reason, and then this list is to be changed with it.
 */
describe('the statements on the way of one event', () => {
  let app: AutomationApp;
  let first: string;
  const far = new FarSide();
  beforeAll(async () => {
    app = await startAutomationApp({ actions: [far.action] });
    first = await app.publishWorkflow({
      trigger: CREATED,
      steps: [{ id: 'task', type: 'create_task', with: { title: 'Call {{record.name}}' } }],
    });
    await app.createLead();
    await app.automation.drain();
  });
  afterAll(() => app?.close());

  /** What the module's own pool is asked while `work` goes on, in as few words as tell them apart. */
  const statementsOf = async (work: () => Promise<unknown>): Promise<string[]> => {
    const { dataSource } = app.module.get(AutomationDatabase);
    const { logger } = dataSource;
    const statements: string[] = [];
    dataSource.logger = { logQuery: (sql: string) => statements.push(inShort(sql)), logQueryError: () => undefined } as unknown as Logger;
    await work();
    dataSource.logger = logger;
    // On a connection of its own, beside all of it.
    return statements.filter((sql) => !sql.includes('pg_notify'));
  };

  it('are eight, from its commit to that of its run with one local step', async () => {
    await app.createLead();
    expect(await statementsOf(() => app.module.get(Router).route())).toEqual([
      'START TRANSACTION',
      'claim, with the generation of its workspace',
      'read crm_leads',
      'write crm_tasks',
      'write automation.runs',
      'write automation.step_executions',
      'write automation.workflow_stats, and the statistics of the day with it',
      'COMMIT',
    ]);
  });

  it('go in five flights: what needs no answer of another goes with it', async () => {
    await app.createLead();
    expect(await flightsOf(() => app.module.get(Router).route())).toEqual([
      ['START TRANSACTION', 'claim, with the generation of its workspace'],
      ['read crm_leads'],
      ['write crm_tasks'],
      [
        'write automation.runs',
        'write automation.step_executions',
        'write automation.workflow_stats, and the statistics of the day with it',
      ],
      ['COMMIT'],
    ]);
    expect((await app.runsOf({})).map(({ status }) => status)).toEqual(expect.arrayContaining(['succeeded']));
  });

  it('are three when there is none', async () => {
    expect(await statementsOf(() => app.module.get(Router).route())).toEqual([
      'START TRANSACTION',
      'claim, with the generation of its workspace',
      'COMMIT',
    ]);
  });

  it('are no more for want of a savepoint: a run that spoils its transaction alone is taken apart all the same', async () => {
    await app.workflows.pause(first, ADMIN);
    const workflowId = await app.publishWorkflow({
      trigger: CREATED,
      steps: [{ id: 'touch', type: 'change_field', with: { field: 'touches', increment: 1 } }],
    });
    const { id } = await app.createLead({ id: 'locked' });
    await app.source.transaction(async (manager) => {
      await manager.query('SELECT 1 FROM crm_leads WHERE id = $1 FOR UPDATE', [id]);
      await app.module.get(Router).route();
      // Not queued: among others, who claims it would make them wait for the lock too.
      expect(await app.query('SELECT status FROM automation.runs WHERE workflow_id = $1', [workflowId])).toEqual([{ status: 'running' }]);
    });
    await app.module.get(RunDriver).settled();
    expect((await app.runsOf({ workflowId })).map(({ status }) => status)).toEqual(['succeeded']);
    expect(await app.query('SELECT touches FROM crm_leads WHERE id = $1', [id])).toEqual([{ touches: 1 }]);
  });

  it('are six from the answer of its call to the end of its run, which costs no look at the clock and no claim', async () => {
    const workflowId = await app.publishWorkflow({ trigger: { ...CREATED, event: 'updated' }, steps: [call('far')] });
    await app.createLead({}, { event: 'updated' });
    await app.module.get(Router).route();
    await far.arrived('far');
    const answered = async (): Promise<void> => {
      far.answer('far');
      await app.module.get(RunDriver).settled();
    };
    expect(await statementsOf(answered)).toEqual([
      'START TRANSACTION',
      'SAVEPOINT advance',
      'write automation.runs',
      'write automation.step_executions',
      'write automation.workflow_stats, and the statistics of the day with it',
      'COMMIT',
    ]);
    expect((await app.runsOf({ workflowId })).map(({ status }) => status)).toEqual(['succeeded']);
  });

  it('is one in the host’s transaction that publishes it', async () => {
    const statements: string[] = [];
    app.source.logger = { logQuery: (sql: string) => statements.push(inShort(sql)), logQueryError: () => undefined } as unknown as Logger;
    await app.createLead();
    expect(statements).toEqual(['START TRANSACTION', 'write crm_leads', 'write automation.events', 'COMMIT']);
  });
});

/** What is asked while `work` goes on; together, what is sent before what is before it on its connection is answered. */
async function flightsOf(work: () => Promise<unknown>): Promise<string[][]> {
  const { prototype } = pg.Client as unknown as { prototype: { query(...given: unknown[]): Promise<unknown> } };
  const { query } = prototype;
  const flights: string[][] = [];
  const flying = new WeakMap<object, number>();
  prototype.query = function watched(this: object, ...given) {
    const answer = query.apply(this, given);
    const sql = String(given[0]);
    if (sql.includes('pg_notify')) return answer;
    const before = flying.get(this) ?? 0;
    if (before === 0) flights.push([]);
    flights.at(-1)?.push(inShort(sql));
    flying.set(this, before + 1);
    const landed = (): void => void flying.set(this, (flying.get(this) ?? 0) - 1);
    answer.then(landed, landed);
    return answer;
  };
  try {
    await work();
  } finally {
    prototype.query = query;
  }
  return flights;
}

function inShort(sql: string): string {
  if (sql.includes('try_share_active_workflows')) return 'claim, with the generation of its workspace';
  if (sql.startsWith('WITH days AS')) return 'write automation.workflow_stats, and the statistics of the day with it';
  const [, written] = /^(?:INSERT INTO|UPDATE) "?([\w.]+)/.exec(sql) ?? [];
  if (written !== undefined) return `write ${written}`;
  const [, read] = /^SELECT .* FROM "?([\w.]+)/s.exec(sql) ?? [];
  return read === undefined ? (/^START TRANSACTION|^.*/.exec(sql)?.[0] ?? sql) : `read ${read}`;
}
