import { v7 as uuid } from 'uuid';
import type { AutomationDatabase } from '../../../src/store/database.js';
import { type AdminApp, DEFINITION } from './admin-app.js';

type Row = Record<string, unknown>;

async function insert(database: AutomationDatabase, table: string, row: Row): Promise<void> {
  const columns = Object.keys(row);
  const values = Object.values(row).map((value) =>
    typeof value === 'object' && value !== null && !(value instanceof Date) ? JSON.stringify(value) : value,
  );
  await database.dataSource.query(
    `INSERT INTO automation.${table} (${columns.join(', ')}) VALUES (${columns.map((_, index) => `$${index + 1}`).join(', ')})`,
    values,
  );
}

/** Creates and publishes a workflow over the API; answers its id and the published version's. */
export async function publishedWorkflow(
  { call, database }: AdminApp,
  definition: object = DEFINITION,
  token = 'admin',
): Promise<{ id: string; versionId: string }> {
  const created = await call('post', '/automation/workflows', token).send({ name: 'Seeded', definition }).expect(201);
  await call('post', `/automation/workflows/${created.body.id}/publish`, token).expect(200);
  const [row] = await database.dataSource.query('SELECT published_version_id FROM automation.workflows WHERE id = $1', [created.body.id]);
  return { id: created.body.id, versionId: row.published_version_id };
}

/** An event as routing leaves it. */
export async function seedEvent(database: AutomationDatabase, row: Row = {}): Promise<string> {
  const id = uuid();
  await insert(database, 'events', {
    workspace_id: 'acme',
    id,
    module: 'leads',
    event: 'created',
    record_id: '42',
    record: { id: '42', name: 'Ann', source: 'Web' },
    actor: { type: 'user', id: 'u-1' },
    source: 'publish',
    routed_at: new Date(),
    ...row,
  });
  return id;
}

/** A run as the engine leaves it: failed, unless told otherwise. */
export async function seedRun(database: AutomationDatabase, workflow: { id: string; versionId: string }, row: Row = {}): Promise<string> {
  const id = uuid();
  const status = row.status ?? 'failed';
  await insert(database, 'runs', {
    workspace_id: 'acme',
    id,
    workflow_id: workflow.id,
    version_id: workflow.versionId,
    version: 1,
    module: 'leads',
    record_id: '42',
    status,
    actor: { type: 'user', id: 'u-1' },
    started_at: new Date(Date.now() - 60_000),
    ...(['failed', 'succeeded', 'cancelled', 'skipped'].includes(String(status)) ? { finished_at: new Date() } : { due_at: new Date() }),
    ...(status === 'failed' ? { reason: 'task_refused', error: { code: 'task_refused', message: 'No.' } } : {}),
    ...row,
  });
  return id;
}

/** One attempt of one step. */
export async function seedStep(database: AutomationDatabase, runId: string, row: Row): Promise<void> {
  await insert(database, 'step_executions', {
    workspace_id: 'acme',
    run_id: runId,
    attempt: 1,
    position: 0,
    type: 'create_task',
    started_at: new Date(),
    finished_at: row.status === 'running' ? null : new Date(),
    ...row,
  });
}

/** The rows of a statement. */
export function rows(database: AutomationDatabase, statement: string, parameters: unknown[] = []): Promise<Row[]> {
  return database.dataSource.query(statement, parameters);
}

/** An approval that a run waits for: asked of u-1 in "acme", unless told otherwise. */
export async function seedTask(database: AutomationDatabase, workflowId: string, runId: string, row: Row = {}): Promise<string> {
  const id = uuid();
  await insert(database, 'human_tasks', {
    workspace_id: 'acme',
    id,
    run_id: runId,
    path: 'ok',
    attempt: 1,
    workflow_id: workflowId,
    kind: 'approval',
    title: 'Approval',
    message: 'Well?',
    fields: '[]',
    shown: '{}',
    module: 'leads',
    record_id: '42',
    priority: 'normal',
    assignee_id: 'u-1',
    reason_required: false,
    pending: '{}',
    ...row,
  });
  await insert(database, 'human_task_people', {
    workspace_id: 'acme',
    task_id: id,
    user_id: 'u-1',
    is_open: true,
    is_asked: true,
    due_at: 'infinity',
  });
  return id;
}
