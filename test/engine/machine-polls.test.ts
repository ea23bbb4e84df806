import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MachineService } from '../../src/admin/machine-service.js';
import { MachinePolls } from '../../src/engine/machines/machine-polls.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { machinesOf } from './support/machines.js';

const CREATED = { type: 'event', module: 'leads', event: 'created' };
const STATES = [{ code: 'NEW', initial: true }, { code: 'OPEN' }, { code: 'DONE', final: true }];
const POLL = { type: 'poll', cron: '0 * * * *', timezone: 'UTC' };
const isSource = (value: string) => ({ field: 'source', operator: 'equals', value });

describe('a scheduled poll of a machine', () => {
  let app: AutomationApp;
  let other: AutomationApp;
  let machines: ReturnType<typeof machinesOf>;
  beforeAll(async () => {
    app = await startAutomationApp();
    other = await startAutomationApp({}, { database: app.database });
    machines = machinesOf(app);
  });
  beforeEach(() =>
    app.query(
      `TRUNCATE automation.workflows, automation.events, automation.runs, automation.instances, automation.transitions,
         automation.instance_counts, automation.machine_polls CASCADE`,
    ),
  );
  afterAll(async () => {
    await other?.close();
    await app?.close();
  });

  const tick = async () => {
    await app.query('UPDATE automation.machine_polls SET next_at = now()');
    await app.automation.drain();
  };
  const states = async (id: string) => (await machines.instances(id)).map(({ state }) => state);
  const definition = (conditions: object = isSource('Fair')) => ({
    start: { trigger: CREATED },
    states: STATES,
    transitions: [
      { code: 'check', from: ['NEW', 'OPEN'], to: 'DONE', trigger: POLL, conditions },
      { code: 'open', from: ['NEW'], to: 'OPEN', trigger: { type: 'manual' } },
    ],
  });

  it('fires for those of the instances in its states for which the conditions hold then, and is silent about the others', async () => {
    const id = await machines.publish(definition());
    const first = await app.createLead();
    await app.createLead();
    await app.automation.drain();
    await app.query(`UPDATE automation.instances SET state = 'OPEN' WHERE record_id = $1`, [first.id]);
    await tick();
    expect(await states(id)).toEqual(['OPEN', 'NEW']);
    await app.query(`UPDATE crm_leads SET source = 'Fair' WHERE id = $1`, [first.id]);
    await tick();
    expect(await states(id)).toEqual(['DONE', 'NEW']);
    expect(await app.query(`SELECT count(*)::int AS rows FROM automation.transitions WHERE kind = 'not_fired'`)).toEqual([{ rows: 0 }]);
    const [row] = await app.query<{ ms: number }>('SELECT extract(epoch FROM next_at - now())::int AS ms FROM automation.machine_polls');
    expect(row?.ms).toBeGreaterThan(0);
  });

  it('is noted when the machine is published', async () => {
    const service = app.module.get(MachineService);
    const { id } = await service.create({ name: 'Checked', definition: { for: { module: 'leads' }, ...definition() } as never }, ADMIN);
    await service.publish(id, ADMIN);
    expect(await app.query('SELECT machine_id, transition, cursor FROM automation.machine_polls')).toEqual([
      { machine_id: id, transition: 'check', cursor: null },
    ]);
  });

  it('walks through many of them batch by batch, each once, also when two nodes walk', async () => {
    const id = await machines.publish(definition({ field: 'name', operator: 'equals', value: 'Ada' }));
    await app.createLead();
    await app.automation.drain();
    // All came into the state at one moment.
    await app.query(
      `INSERT INTO crm_leads (id, "workspaceId", name) SELECT 'many-' || n, 'acme', 'Ada' FROM generate_series(1, 1200) AS n`,
    );
    await app.query(
      `INSERT INTO automation.instances (workspace_id, id, machine_id, version_id, module, record_id, state, is_final)
       SELECT workspace_id, gen_random_uuid(), machine_id, version_id, module, 'many-' || n, state, is_final
       FROM automation.instances, generate_series(1, 1200) AS n`,
    );
    await app.query('UPDATE automation.machine_polls SET next_at = now()');
    const walk = async (node: AutomationApp) => {
      while ((await node.module.get(MachinePolls).round()).more);
    };
    await Promise.all([walk(app), walk(other)]);
    await walk(app);
    expect(
      await app.query(
        `SELECT count(*)::int AS starts, count(DISTINCT target->>'instanceId')::int AS of FROM automation.events WHERE event = 'poll'`,
      ),
    ).toEqual([{ starts: 1201, of: 1201 }]);
    await app.automation.drain();
    expect(new Set(await states(id))).toEqual(new Set(['DONE']));
  });

  it('passes by what a disabled machine has, and forgets a version that nobody is on any more', async () => {
    const id = await machines.publish(definition(isSource('Web Form')));
    await app.createLead();
    await app.automation.drain();
    await machines.setStatus(id, 'paused');
    await tick();
    expect(await states(id)).toEqual(['NEW']);
    await machines.setStatus(id, 'active');
    await machines.publishAgain(id, 2, definition());
    await tick();
    expect(await states(id)).toEqual(['DONE']);
    await app.query('DELETE FROM automation.instance_counts');
    await tick();
    expect(await app.query('SELECT count(*)::int AS polls FROM automation.machine_polls')).toEqual([{ polls: 1 }]);
  });
});
