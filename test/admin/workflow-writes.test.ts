import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';

const TRIGGER = { type: 'event', module: 'leads', event: 'created' };
const change = (field: string) => ({ id: 'change', type: 'change_field', with: { field, value: 'x' } });

describe('the workflows that write a field', () => {
  let app: AutomationApp;
  beforeAll(async () => {
    app = await startAutomationApp();
  });
  afterAll(() => app.close());

  const writers = async (writes: string, more = {}): Promise<string> => {
    const query = { writes, sort: { field: 'name', descending: false }, page: 1, limit: 100 } as const;
    const { items, total } = await app.workflows.list({ ...query, ...more }, ADMIN);
    expect(total).toBe(items.length);
    return items.map(({ name }) => name).join(', ');
  };
  const create = (name: string, steps: object[]) => app.workflows.create({ name, definition: { trigger: TRIGGER, steps } as never }, ADMIN);
  const told = () => app.query<{ at: string }>('SELECT xmin::text AS at FROM automation.workflow_writes ORDER BY workflow_id');

  it('are found by the field or its module, as published or else as drafted, and told anew when that is another one', async () => {
    await create('A stage', [{ id: 'stage', type: 'move_stage', with: { stage: 'Won' } }]);
    const source = await create('B source', [change('source')]);
    await create('C task', [{ id: 'call', type: 'create_task', with: { title: 'Call' } }]);
    await create('D unreadable', [{ type: 'nothing' }]);
    await create('E any field', [change('{{trigger.field}}')]);
    expect(await writers('leads.stage')).toMatch(/^A stage(, E any field)?$/);
    expect(await writers('leads.source')).toMatch(/^B source(, E any field)?$/);
    expect(await writers('leads')).toMatch(/^A stage, B source(, E any field)?$/);
    expect(await writers('leads.source', { search: 'B s' })).toBe('B source');
    expect(await writers('accounts.name')).toBe('');
    expect(await writers("leads.source' OR true")).not.toContain('source');

    // What is published goes on writing, whatever the draft says.
    await app.workflows.publish(source.id, ADMIN);
    await app.workflows.update(source.id, { revision: source.revision, definition: { trigger: TRIGGER, steps: [change('name')] } }, ADMIN);
    expect(await writers('leads.source')).toContain('B source');
    expect(await writers('leads.name')).not.toContain('B source');
    await app.workflows.publish(source.id, ADMIN);
    expect(await writers('leads.source')).not.toContain('B source');
    expect(await writers('leads.name')).toContain('B source');
  });

  it('are told once of each definition, and forgotten with the workflow', async () => {
    const { id } = await create('F gone', [change('source')]);
    expect(await writers('leads.source')).toContain('F gone');
    const before = await told();
    await writers('leads.stage');
    expect(await told()).toEqual(before);
    await app.workflows.delete(id, ADMIN);
    expect(await told()).toHaveLength(before.length - 1);
    expect(await writers('leads.source')).not.toContain('F gone');
  });

  it('are those of one workspace', async () => {
    const rival = { ...ADMIN, workspaceId: 'rival' };
    await app.workflows.create({ name: 'Rival', definition: { trigger: TRIGGER, steps: [change('source')] } as never }, rival);
    expect(await writers('leads.source')).not.toContain('Rival');
    const query = { writes: 'leads.source', sort: { field: 'name', descending: false }, page: 1, limit: 10 } as const;
    expect((await app.workflows.list(query, rival)).items.map(({ name }) => name)).toEqual(['Rival']);
  });

  it('are found among many, whose definitions are read in portions', async () => {
    await app.query(
      `INSERT INTO automation.workflows (workspace_id, id, code, name, draft)
       SELECT 'many', gen_random_uuid(), 'w-' || n, 'w-' || n, $1::jsonb FROM generate_series(1, 250) n`,
      [JSON.stringify({ trigger: TRIGGER, steps: [change('source')] })],
    );
    const many = { ...ADMIN, workspaceId: 'many' };
    const query = { writes: 'leads.source', sort: { field: 'name', descending: false }, page: 1, limit: 10 } as const;
    expect((await app.workflows.list(query, many)).total).toBe(250);
    const [row] = await app.query<{ told: number }>(
      `SELECT count(*)::integer AS told FROM automation.workflow_writes WHERE workspace_id = 'many'`,
    );
    expect(row?.told).toBe(250);
  });
});
