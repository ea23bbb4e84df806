import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Column, DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { CRM_HOST, type CrmHost, type UserSearch } from '../../src/host/crm-host.js';
import { typeOrmCrm } from '../../src/host/typeorm-crm-host.js';
import { type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import type { TestDatabase } from '../support/database.js';
import { Lead, sampleDataSource } from '../support/sample-crm.js';
import { createMigratedDatabase } from '../support/template-databases.js';

@Entity('crm_members')
class Membership {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: 'text' }) userId!: string;
  @Column({ type: 'text' }) companyId!: string;
  @Column({ type: 'text' }) role!: string;
}

let database: TestDatabase;
let source: DataSource;
let app: AutomationApp;
beforeAll(async () => {
  database = await createMigratedDatabase();
  const { options } = sampleDataSource(database.url);
  const entities = [...(options.entities as []), Membership];
  source = await new DataSource({ ...options, entities, synchronize: true } as never).initialize();
  const users = ['only-acme', 'only-rival', 'both'];
  await source.query(`INSERT INTO crm_users (id, "workspaceId", name) SELECT id, 'nowhere', id FROM unnest($1::text[]) AS id`, [users]);
  const member = (userId: string, companyId: string) => ({ userId, companyId, role: 'sales' });
  await source
    .getRepository(Membership)
    .insert([member('only-acme', 'acme'), member('only-rival', 'rival'), member('both', 'acme'), member('both', 'rival')]);
  const crm = typeOrmCrm(
    { leads: { entity: Lead, owner: 'ownerId', stage: 'stage', stages: ['New'] } },
    {
      users: { entity: 'User', members: { entity: Membership, workspace: 'companyId', roles: 'role' } },
      tasks: { entity: 'Task' },
      notifications: { entity: 'Notification' },
    },
  );
  app = await startAutomationApp({ dataSource: source, crm }, { database });
  const step = (id: string, type: string, args: object) => ({ id, type, with: args, onError: 'continue' });
  await app.publishWorkflow({
    trigger: { type: 'event', module: 'leads', event: 'created' },
    steps: [
      step('turn', 'assign_owner', { strategy: 'round_robin', role: 'sales' }),
      step('busy', 'assign_owner', { strategy: 'least_busy', role: 'sales' }),
      step('named', 'assign_owner', { userId: "{{lower 'only-rival'}}" }),
      step('task', 'create_task', { title: 'Call', assigneeId: "{{lower 'only-rival'}}" }),
      step('tell', 'send_notification', { to: ['only-rival', 'only-acme'], role: 'sales', title: 'New lead' }),
    ],
  });
});
afterAll(async () => {
  await app?.close();
  await source?.destroy();
  await database?.drop();
});

describe('people who work in several workspaces, with the same role in each', () => {
  it('become owner and are notified where they are members, and nowhere else', async () => {
    const leads = [await app.createLead(), await app.createLead({ name: 'Bob' }), await app.createLead({ name: 'Eve' })];
    await app.automation.drain();
    const owners: unknown[] = [];
    for (const { id } of leads) {
      const [run] = await app.runsOf({ recordId: id });
      const taken = (path: string) => run?.steps.find((one) => one.path === path);
      owners.push(taken('turn')?.output?.ownerId, taken('busy')?.output?.ownerId);
      expect(taken('named')).toMatchObject({ status: 'failed', error: { code: 'user_unknown' } });
      expect(taken('task')).toMatchObject({ status: 'failed' });
      expect(taken('tell')?.output?.userIds).toEqual(['only-acme', 'both']);
    }
    expect(new Set(owners)).toEqual(new Set(['only-acme', 'both']));
    const notified = await app.query('SELECT DISTINCT "userId", "workspaceId" FROM crm_notifications ORDER BY 1');
    expect(notified).toEqual([
      { userId: 'both', workspaceId: 'acme' },
      { userId: 'only-acme', workspaceId: 'acme' },
    ]);
    expect(await app.query('SELECT 1 FROM crm_tasks')).toEqual([]);
  });

  it('are listed where they are members, with the roles that they have there', async () => {
    const { listUsers, listRoles } = app.module.get<CrmHost>(CRM_HOST);
    const tx = { manager: source.manager, workspaceId: 'rival' };
    const list = (query: Partial<UserSearch>) => listUsers?.(tx, { search: null, role: null, limit: 10, ...query });
    expect((await list({ role: 'sales' }))?.map(({ id }) => id)).toEqual(['both', 'only-rival']);
    expect(await list({ search: 'only' })).toEqual([{ id: 'only-rival', name: 'only-rival', email: null, roles: ['sales'] }]);
    expect(await list({ role: 'nobody' })).toEqual([]);
    expect(await listRoles?.(tx)).toEqual(['sales']);
  });
});
