import { v7 as uuidv7 } from 'uuid';
import type { Permission } from '../../../src/host/access.js';
import { DEFINITION, MACHINE, type Route } from '../../http/support/admin-app.js';
import { publishedWorkflow, seedEvent, seedRun, seedTask } from '../../http/support/seed.js';
import { seedInstance, seedMachine } from '../../http/support/seed-machines.js';
import type { RealApp } from './real-app.js';

/** What a route takes. */
interface Taken {
  /** `none`: whoever is known may. */
  permission: Permission | 'none';
  /** A body that it would take. */
  body?: object;
  /** For routes without an id: the status for somebody of another workspace, who sees and changes only what is theirs. */
  foreign?: number;
  /** What the query has to say. */
  query?: string;
}

/** Every route of the application. One that is new is missing here at first, and the first test of admin-access says so. */
export const ROUTES: Readonly<Record<string, Taken>> = {
  'get /automation/me': { permission: 'none', foreign: 200 },
  'get /automation/catalog': { permission: 'view', foreign: 200 },
  'get /automation/definition.schema.json': { permission: 'view', foreign: 200 },
  'get /automation/machine.schema.json': { permission: 'view', foreign: 200 },
  'get /automation/workflows': { permission: 'view', foreign: 200 },
  'post /automation/workflows': { permission: 'manage', body: { name: 'New', definition: DEFINITION }, foreign: 201 },
  'get /automation/workflows/:id': { permission: 'view' },
  'patch /automation/workflows/:id': { permission: 'manage', body: { revision: 1, name: 'Taken over' } },
  'delete /automation/workflows/:id': { permission: 'manage', body: {} },
  'post /automation/workflows/:id/publish': { permission: 'manage', body: {} },
  'post /automation/workflows/:id/activate': { permission: 'operate', body: {} },
  'post /automation/workflows/:id/pause': { permission: 'operate', body: {} },
  'post /automation/workflows/:id/unpublish': { permission: 'manage', body: {} },
  'post /automation/workflows/:id/archive': { permission: 'manage', body: {} },
  'post /automation/workflows/:id/restore': { permission: 'manage', body: {} },
  'post /automation/workflows/:id/discard': { permission: 'manage', body: {} },
  'get /automation/workflows/:id/versions': { permission: 'view' },
  'get /automation/workflows/:id/versions/:version': { permission: 'view' },
  'get /automation/workflows/:id/diff': { permission: 'view' },
  'get /automation/workflows/:id/stats': { permission: 'view' },
  'post /automation/workflows/import': {
    permission: 'manage',
    body: { format: 'nestjs-crm-automation/workflow', formatVersion: 1, name: 'Imported', definition: DEFINITION },
    foreign: 201,
  },
  'get /automation/workflows/:id/export': { permission: 'view' },
  'post /automation/workflows/:id/copy': { permission: 'manage', body: {} },
  'get /automation/machines': { permission: 'view', foreign: 200 },
  'post /automation/machines': { permission: 'manage', body: { name: 'New machine', definition: MACHINE }, foreign: 201 },
  'get /automation/machines/:id': { permission: 'view' },
  'patch /automation/machines/:id': { permission: 'manage', body: { revision: 1, name: 'Taken over' } },
  'delete /automation/machines/:id': { permission: 'manage', body: {} },
  'get /automation/machines/:id/diagram': { permission: 'view' },
  'post /automation/machines/:id/publish': { permission: 'manage', body: {} },
  'post /automation/machines/:id/enable': { permission: 'operate', body: {} },
  'post /automation/machines/:id/disable': { permission: 'operate', body: {} },
  'post /automation/machines/:id/migrate': { permission: 'manage', body: {} },
  'get /automation/machines/:id/versions': { permission: 'view' },
  'get /automation/machines/:id/versions/:version': { permission: 'view' },
  'get /automation/machines/:id/diff': { permission: 'view' },
  'post /automation/machines/import': {
    permission: 'manage',
    body: { format: 'nestjs-crm-automation/machine', formatVersion: 1, name: 'Imported machine', definition: MACHINE },
    foreign: 201,
  },
  'get /automation/machines/:id/export': { permission: 'view' },
  'post /automation/machines/:id/copy': { permission: 'manage', body: {} },
  'get /automation/recipes': { permission: 'view', foreign: 200 },
  'post /automation/workflows/:id/rotate-token': { permission: 'manage', body: {} },
  'get /automation/workflows/:id/trigger-url': { permission: 'view' },
  'post /automation/machines/:id/rotate-token': { permission: 'manage', body: {} },
  'get /automation/machines/:id/trigger-url': { permission: 'view' },
  'get /automation/workflows/:id/context': { permission: 'view' },
  'patch /automation/workflows/:id/context': { permission: 'manage', body: { values: { score: 1 } } },
  'post /automation/workflows/:id/runs': { permission: 'operate', body: {} },
  'get /automation/runs': { permission: 'view', foreign: 200 },
  'post /automation/runs/retry': { permission: 'operate', body: { from: 'start', filter: {} }, foreign: 200 },
  'get /automation/runs/counts': { permission: 'view', foreign: 200 },
  'get /automation/runs/groups': { permission: 'view', foreign: 200 },
  'post /automation/runs/cancel': { permission: 'operate', body: { filter: {} }, foreign: 200 },
  'get /automation/runs/:id': { permission: 'view' },
  'post /automation/runs/:id/retry': { permission: 'operate', body: { from: 'failed_step' } },
  'post /automation/runs/:id/cancel': { permission: 'operate', body: {} },
  'get /automation/events': { permission: 'view', foreign: 200 },
  'get /automation/events/:id': { permission: 'view' },
  'get /automation/events/:id/explain': { permission: 'view', query: 'workflowId=019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11' },
  'get /automation/search': { permission: 'view', foreign: 200, query: 'q=42' },
  'post /automation/events/:id/replay': { permission: 'operate', body: {} },
  'get /automation/start-batches/:id': { permission: 'view' },
  'get /automation/audit': { permission: 'view', foreign: 200 },
  'get /automation/secrets': { permission: 'view', foreign: 200 },
  'get /automation/secrets/:name': { permission: 'view', foreign: 404 },
  'put /automation/secrets/:name': { permission: 'manage', body: { value: 'sk_live_1', hosts: ['api.test'] }, foreign: 200 },
  'delete /automation/secrets/:name': { permission: 'manage', body: {}, foreign: 404 },
  'get /automation/tasks': { permission: 'tasks', foreign: 200 },
  'get /automation/tasks/counts': { permission: 'tasks', foreign: 200 },
  'get /automation/tasks/:id': { permission: 'tasks' },
  'post /automation/tasks/:id/claim': { permission: 'tasks', body: {} },
  'post /automation/tasks/:id/release': { permission: 'tasks', body: {} },
  'post /automation/tasks/:id/reassign': { permission: 'manage', body: { userId: 'u-1' } },
  'post /automation/tasks/:id/complete': { permission: 'tasks', body: { decision: 'approved' } },
  'post /automation/tasks/:id/comments': { permission: 'tasks', body: { text: 'Well?' } },
  'get /automation/queues': { permission: 'tasks', foreign: 200 },
  'get /automation/queues/:name': { permission: 'tasks', foreign: 404 },
  'put /automation/queues/:name': { permission: 'manage', body: { users: ['u'] }, foreign: 200 },
  'delete /automation/queues/:name': { permission: 'manage', body: {}, foreign: 204 },
  'get /automation/integrations': { permission: 'view', foreign: 200 },
  'get /automation/integrations/:code': { permission: 'view', foreign: 404 },
  'put /automation/integrations/:code': { permission: 'manage', body: { mode: 'per_run' }, foreign: 200 },
  'delete /automation/integrations/:code': { permission: 'manage', body: {}, foreign: 204 },
  'get /automation/workflows/:id/timing': { permission: 'view' },
  'post /automation/schedules/preview': { permission: 'view', body: { cron: '0 9 * * *', timezone: 'UTC' }, foreign: 200 },
  'get /automation/users': { permission: 'view', foreign: 200 },
  'get /automation/roles': { permission: 'view', foreign: 200 },
  'get /automation/records': { permission: 'view', foreign: 200, query: 'module=leads&search=a' },
  'get /automation/records/:module/:recordId': { permission: 'view', foreign: 404 },
  'get /automation/records/:module/:recordId/timeline': { permission: 'view', foreign: 200 },
  'post /automation/conditions/evaluate': {
    permission: 'view',
    body: { module: 'leads', conditions: { field: 'name', operator: 'is_not_empty' }, subject: { sample: {} } },
    foreign: 200,
  },
  'post /automation/templates/render': { permission: 'view', body: { text: '{{record.name}}', module: 'leads' }, foreign: 200 },
  'get /automation/mail-templates': { permission: 'view', foreign: 200 },
  'post /automation/mail-templates/:name/preview': { permission: 'view', body: { module: 'leads' }, foreign: 200 },
  'post /automation/records/:module/:recordId/what-if': { permission: 'view', body: { changes: { source: 'Fair' } }, foreign: 404 },
  'get /automation/workflows/:id/publish-preview': { permission: 'view' },
  'get /automation/machines/:id/publish-preview': { permission: 'view' },
  'post /automation/workflows/:id/simulate': { permission: 'view', body: {} },
  'get /automation/instances': { permission: 'view', foreign: 200 },
  'get /automation/instances/:id': { permission: 'view' },
  'get /automation/instances/:id/history': { permission: 'view' },
  'post /automation/instances/advance': {
    permission: 'operate',
    body: { filter: { machineId: '019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11' }, transition: 'send', dryRun: true },
    foreign: 200,
  },
  'post /automation/machines/:id/instances': { permission: 'operate', body: { dryRun: true } },
  'get /automation/instances/:id/transitions': { permission: 'view' },
  'post /automation/instances/:id/advance': { permission: 'operate', body: { transition: 'send' } },
  'post /automation/instances/:id/reset': { permission: 'operate', body: { state: 'NEW', reason: 'x' } },
  'delete /automation/instances/:id': { permission: 'manage', body: {} },
  'post /automation/workflows/:id/test': { permission: 'view', body: { subject: { sample: {} } } },
};

/** Routes that ask nobody who they are: see hooks.test.ts and resume.test.ts. */
export const PUBLIC_ROUTES: readonly string[] = [
  'post /automation/hooks/:token',
  'post /automation/resume/:token',
  'get /automation/approvals/:token',
  'post /automation/approvals/:token',
];
/** What people's browsers ask there, and is answered 405. */
export const REFUSED_METHODS: readonly string[] = ['get /automation/hooks/:token', 'get /automation/resume/:token'];

/** The console's page and what it is made of: the same for everybody, and not in the OpenAPI document. */
export const CONSOLE_ROUTES: readonly string[] = ['', '/:a', '/:a/:b', '/:a/:b/:c', '/assets/:name'].map(
  (path) => `get /automation/console${path}`,
);

export const PERMISSIONS: readonly Permission[] = ['view', 'operate', 'manage', 'tasks'];
/** An id that nobody has. */
export const UNKNOWN = '019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11';

/** One route with its table entry. */
export interface Target extends Route, Taken {
  name: string;
}

export const TARGETS: readonly Target[] = Object.entries(ROUTES).map(([name, taken]) => {
  const [method, path] = name.split(' ') as [Route['method'], string];
  return { name, method, path, ...taken };
});
export const WITH_BODY = TARGETS.filter(({ method }) => method !== 'get');
export const WITH_ID = TARGETS.filter(({ path }) => path.includes(':id'));
export const LISTS = TARGETS.filter(({ name }) =>
  /^get .*\/(workflows|machines|versions|diff|export|runs|runs\/counts|groups|events|audit|timeline|users|tasks|instances|history)$/.test(
    name,
  ),
);

/** Ids of things that are there, by resource. */
export type Ids = Readonly<Record<string, string>>;

/** A published workflow, an event, a failed run, a waiting one with a task, a queue, and an instance of a machine in the workspace `acme`. */
export async function furnish(real: RealApp): Promise<Ids> {
  const admin = real as unknown as Parameters<typeof publishedWorkflow>[0];
  const workflow = await publishedWorkflow(admin);
  const eventId = await seedEvent(real.database);
  const runId = await seedRun(real.database, workflow, { event_id: eventId });
  const waiting = await seedRun(real.database, workflow, { status: 'waiting' });
  const taskId = await seedTask(real.database, workflow.id, waiting);
  await real.call('put', '/automation/queues/welcome', 'admin').send({ users: ['u'] });
  const seeded = await seedMachine(real.database, { code: 'shipments' });
  const instances = await seedInstance(real.database, { machine_id: seeded, record_id: '42', state: 'NEW' });
  await real.call('put', '/automation/integrations/erp', 'admin').send({ mode: 'per_run' });
  const batch = uuidv7();
  const ofBatch = { origin_id: batch, source: 'manual', target: { workflowId: workflow.id } };
  await seedEvent(real.database, ofBatch);
  for (const name of ['stripe', 'obsolete']) {
    await real
      .call('put', `/automation/secrets/${name}`)
      .send({ value: 'sk_live_1', hosts: ['api.test'] })
      .expect(200);
  }
  const { body: defined } = await real.call('post', '/automation/machines').send({ code: 'orders', definition: MACHINE }).expect(201);
  await real.call('post', `/automation/machines/${defined.id}/publish`).expect(200);
  return { workflows: workflow.id, machines: defined.id, runs: runId, events: eventId, tasks: taskId, 'start-batches': batch, instances };
}

/** The path with the id of something that is there. */
export function pathOf({ path, query, method }: Pick<Target, 'path' | 'query'> & Partial<Route>, ids: Ids): string {
  const name = path.includes('/secrets/') ? (method === 'delete' ? 'obsolete' : 'stripe') : 'welcome';
  const ofRecord = path
    .replace(':module', 'leads')
    .replace(':recordId', '42')
    .replace(':version', '1')
    .replace(':name', name)
    .replace(':code', 'erp');
  return ofRecord.replace(':id', ids[path.split('/')[2] ?? ''] ?? UNKNOWN) + (query === undefined ? '' : `?${query}`);
}
