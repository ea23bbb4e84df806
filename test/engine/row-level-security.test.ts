import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { IsString } from 'class-validator';
import { DataSource, type EntityManager } from 'typeorm';
import { defineAction } from '../../src/actions/define-action.js';
import { StartService } from '../../src/admin/start-service.js';
import type { CrmHost } from '../../src/host/crm-host.js';
import { typeOrmCrm } from '../../src/host/typeorm-crm-host.js';
import { AutomationDatabase } from '../../src/store/database.js';
import { MIGRATIONS } from '../../src/store/migrations.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import type { TestDatabase } from '../support/database.js';
import { createTestRole, type TestRole } from '../support/roles.js';
import { Lead, sampleDataSource, seedUsers, Task } from '../support/sample-crm.js';
import { createMigratedDatabase } from '../support/template-databases.js';

const TABLES = ['crm_users', 'crm_leads', 'crm_tasks', 'crm_notifications'];

class Title {
  @IsString() title!: string;
}

/** What the CRM's own code sees in each kind of step: the workspaces of all leads, as the policy shows them. */
const seen: { kind: string; workspaceId: string; leads: string[] }[] = [];
async function look(kind: string, workspaceId: string, manager: EntityManager): Promise<void> {
  const leads = await manager.getRepository(Lead).find();
  seen.push({ kind, workspaceId, leads: [...new Set(leads.map((lead) => lead.workspaceId))] });
}

const own = defineAction({
  type: 'own',
  label: 'Own',
  effect: 'local',
  arguments: Title,
  async execute({ title }, step) {
    await look('own', step.workspaceId, step.manager);
    await step.manager.getRepository(Task).save({ workspaceId: step.workspaceId, title });
  },
});

const outside = defineAction({
  type: 'outside',
  label: 'Outside',
  effect: 'external',
  arguments: Title,
  async execute(_, step) {
    const lead = step.record && (await step.crm.getRecord(step.record));
    return { name: lead?.name ?? null, users: (await step.crm.findUsers({ role: 'senior' })).map(({ id }) => id) };
  },
});

/** Nothing of ours keeps the workspaces apart: what does is the policy. */
function openCrm(): CrmHost {
  const all = { workspace: null };
  const crm = typeOrmCrm(
    {
      leads: {
        entity: Lead,
        ...all,
        owner: 'ownerId',
        stage: 'stage',
        stages: ['New', 'Contacted'],
        fields: { workspaceId: { writable: false } },
      },
    },
    {
      users: { entity: 'User', ...all },
      tasks: { entity: 'Task', ...all, map: (task, { workspaceId }) => ({ title: task.title, workspaceId }) },
      notifications: { entity: 'Notification', ...all, map: ({ userId, title }, { workspaceId }) => ({ userId, title, workspaceId }) },
    },
  );
  const find = crm.findUsers.bind(crm);
  crm.findUsers = async (tx, query) => {
    await look('users', tx.workspaceId, tx.manager);
    return find(tx, query);
  };
  return crm;
}

let database: TestDatabase;
let admin: DataSource;
let tenants: DataSource;
let role: TestRole;
beforeAll(async () => {
  database = await createMigratedDatabase();
  admin = await sampleDataSource(database.url, { synchronize: true }).initialize();
  await seedUsers(admin, 'acme');
  await seedUsers(admin, 'rival');
  role = await createTestRole(database);
  await admin.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role.name}`);
  for (const table of TABLES) {
    await admin.query(`ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`);
    await admin.query(`CREATE POLICY tenant ON ${table} USING ("workspaceId" = current_setting('app.tenant', true))`);
  }
  // The schema is made apart: the role may use it, and nothing more.
  const migrating = new AutomationDatabase(admin, { poolSize: 4, migrations: MIGRATIONS, migrate: 'auto' });
  await migrating.connect();
  await migrating.close();
  await admin.query(`GRANT USAGE ON SCHEMA automation TO ${role.name}`);
  await admin.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA automation TO ${role.name}`);
  tenants = await new DataSource({
    ...sampleDataSource(database.url).options,
    url: role.url,
  } as never).initialize();
});
afterAll(async () => {
  await tenants?.destroy();
  await role?.drop();
  await admin?.destroy();
  await database?.drop();
});

describe('a CRM that keeps its tenants apart by row-level security', () => {
  let app: AutomationApp;
  /** The workspace of each transaction that the hook was called in, by transaction. */
  const transactions = new Map<string, string[]>();
  let failsFor: string | null = null;
  let hangs = false;
  const onTransaction = async (manager: EntityManager, workspaceId: string): Promise<void> => {
    if (workspaceId === failsFor && hangs) await new Promise(() => undefined);
    if (workspaceId === failsFor) throw new Error('no such tenant');
    await manager.query("SELECT set_config('app.tenant', $1, true)", [workspaceId]);
    const [row] = (await manager.query('SELECT pg_current_xact_id()::text AS id')) as [{ id: string }];
    transactions.set(row.id, [...(transactions.get(row.id) ?? []), workspaceId]);
  };
  const start = async (database_: object, limits = {}): Promise<AutomationApp> =>
    startAutomationApp({ dataSource: tenants, crm: openCrm(), actions: [own, outside], database: database_, limits }, { database });
  afterEach(async () => {
    await app.close();
    await admin.query(`TRUNCATE ${TABLES.slice(1).join(', ')}, automation.events, automation.runs, automation.step_executions`);
    await admin.query('DELETE FROM automation.workflows');
    seen.length = 0;
    transactions.clear();
    failsFor = null;
  });

  const rival = { ...ADMIN, workspaceId: 'rival' };
  const STEPS = [
    { id: 'stage', type: 'move_stage', with: { stage: 'Contacted' } },
    { id: 'owner', type: 'assign_owner', with: { strategy: 'round_robin', role: 'senior' } },
    { id: 'task', type: 'create_task', with: { title: '{{record.name}}' } },
    { id: 'own', type: 'own', with: { title: 'own' } },
    { id: 'tell', type: 'send_notification', with: { role: 'senior', title: 'New' } },
    { id: 'outside', type: 'outside', with: { title: 'x' } },
    { id: 'wait', type: 'delay', for: 'PT1H' },
    { id: 'after', type: 'change_field', with: { field: 'touches', value: 5 } },
  ];
  async function publish(steps: object[] = STEPS): Promise<void> {
    for (const caller of [ADMIN, rival]) {
      const definition = { trigger: { type: 'event', module: 'leads', event: 'created' }, steps };
      const { id, problems } = await app.workflows.create({ name: 'Welcome', definition: definition as never }, caller);
      expect(problems).toEqual([]);
      await app.workflows.publish(id, caller);
    }
  }
  /** A lead published by id alone: routing has to read it. */
  async function lead(workspaceId: string, name: string): Promise<string> {
    const id = `${workspaceId}-${name}`;
    await admin.getRepository(Lead).insert({ id, workspaceId, name });
    await app.automation.publish({ workspaceId, module: 'leads', event: 'created', recordId: id });
    return id;
  }

  it('routes and advances each workspace in transactions of its own, whatever a batch holds', async () => {
    app = await start({ onTransaction });
    await publish();
    for (const name of ['1', '2', '3']) for (const workspaceId of ['acme', 'rival']) await lead(workspaceId, name);
    await app.automation.drain();
    await admin.query('UPDATE automation.step_executions SET wake_at = now() WHERE wake_at > now()');
    await admin.query("UPDATE automation.runs SET due_at = now() WHERE status = 'waiting'");
    await app.automation.drain();

    const runs = await admin.query('SELECT workspace_id, status, count(*)::int FROM automation.runs GROUP BY 1, 2 ORDER BY 1');
    expect(runs).toEqual([
      { workspace_id: 'acme', status: 'succeeded', count: 3 },
      { workspace_id: 'rival', status: 'succeeded', count: 3 },
    ]);
    const leads = await admin.query('SELECT DISTINCT "workspaceId", stage, "ownerId", touches FROM crm_leads ORDER BY 1');
    expect(leads).toEqual([
      { workspaceId: 'acme', stage: 'Contacted', ownerId: 'u-1', touches: 5 },
      { workspaceId: 'rival', stage: 'Contacted', ownerId: 'rival-u-1', touches: 5 },
    ]);
    const tasks = await admin.query('SELECT "workspaceId", count(*)::int FROM crm_tasks GROUP BY 1 ORDER BY 1');
    expect(tasks).toEqual([
      { workspaceId: 'acme', count: 6 },
      { workspaceId: 'rival', count: 6 },
    ]);
    const outputs = await admin.query(
      `SELECT DISTINCT workspace_id, output->'users' AS users FROM automation.step_executions WHERE path = 'outside' ORDER BY 1`,
    );
    expect(outputs).toEqual([
      { workspace_id: 'acme', users: ['u-1'] },
      { workspace_id: 'rival', users: ['rival-u-1'] },
    ]);
    expect(new Set(seen.map(({ kind }) => kind))).toEqual(new Set(['users', 'own']));
    for (const { workspaceId, leads: visible } of seen) expect(visible).toEqual([workspaceId]);
    // Once in each transaction, for one workspace.
    for (const workspaces of transactions.values()) expect(workspaces).toHaveLength(1);
    expect(new Set([...transactions.values()].flat())).toEqual(new Set(['acme', 'rival']));
  });

  it('keeps the tenant when a step is taken back: its neighbours, and its own next attempt, see what is theirs', async () => {
    app = await start({ onTransaction });
    await admin.query('ALTER TABLE crm_tasks ADD CONSTRAINT no_bad CHECK (title <> $$bad$$)');
    await publish([{ id: 'task', type: 'create_task', with: { title: '{{record.name}}' } }, ...STEPS.slice(0, 2), STEPS[3] as object]);
    for (const name of ['1', 'bad', '3']) for (const workspaceId of ['acme', 'rival']) await lead(workspaceId, name);
    await app.automation.drain();
    await admin.query('ALTER TABLE crm_tasks DROP CONSTRAINT no_bad');
    const runs = await admin.query('SELECT workspace_id, status, count(*)::int FROM automation.runs GROUP BY 1, 2 ORDER BY 1, 2');
    expect(runs).toEqual([
      { workspace_id: 'acme', status: 'failed', count: 1 },
      { workspace_id: 'acme', status: 'succeeded', count: 2 },
      { workspace_id: 'rival', status: 'failed', count: 1 },
      { workspace_id: 'rival', status: 'succeeded', count: 2 },
    ]);
  });

  it('finds the record of a start by hand in its own workspace only', async () => {
    app = await start({ onTransaction });
    await publish();
    const id = await lead('acme', '1');
    const starts = app.module.get(StartService);
    const ids = new Map(
      (await admin.query('SELECT workspace_id, id FROM automation.workflows')).map((row: Record<string, string>) => [
        row.workspace_id,
        row.id,
      ]),
    );
    const record = { module: 'leads', id };
    await expect(starts.start(String(ids.get('rival')), { record }, rival)).rejects.toMatchObject({ code: 'record_not_found' });
    await expect(starts.start(String(ids.get('acme')), { record }, ADMIN)).resolves.toMatchObject({ isNew: true });
  });

  it.each([
    ['throws', false],
    ['hangs', true],
  ])('lets wait what its hook cannot say the tenant of, and nothing else: %s', async (_, isHanging) => {
    app = await start({ onTransaction }, isHanging ? { crmCallMs: 100 } : {});
    hangs = isHanging;
    await publish(STEPS.slice(0, 3));
    failsFor = 'rival';
    await lead('acme', '1');
    await lead('rival', '1');
    await app.automation.drain();
    const status = () => admin.query('SELECT workspace_id, status FROM automation.runs ORDER BY 1');
    expect(await status()).toEqual([{ workspace_id: 'acme', status: 'succeeded' }]);
    expect(await admin.query('SELECT error FROM automation.events WHERE routed_at IS NULL')).toEqual([{ error: null }]);
    failsFor = null;
    await app.automation.drain();
    expect(await status()).toMatchObject([{ status: 'succeeded' }, { workspace_id: 'rival', status: 'succeeded' }]);
  });

  it('shows nothing at all without the hook', async () => {
    app = await start({});
    await publish(STEPS.slice(0, 1));
    await lead('acme', '1');
    await app.automation.drain();
    expect(await admin.query('SELECT status FROM automation.runs')).toEqual([{ status: 'failed' }]);
  });

  it('is asked for a function', async () => {
    await expect(start({ onTransaction: 'SET app.tenant' })).rejects.toMatchObject({
      code: 'options_invalid',
      problems: [{ path: 'database.onTransaction' }],
    });
    app = await start({});
  });
});
