import { AutomationError, type JsonObject } from '../../../src/index.js';
import { seedUsers } from '../sample-crm.js';
import { adminOf, type Call, createLead, type DumpApp, passTime } from './dump-app.js';

/** Far sides that a lead's address names. */
const BUSY = 'busy@far.test';
const GONE = 'gone@far.test';
/** Whose call the process does not survive. */
export const DEADLY = 'deadly@far.test';

/** Refuses some calls, for now or for good; `mended` are the runs whose calls it takes all the same. */
export async function farSide({ to, key }: Call, mended: ReadonlySet<string>): Promise<JsonObject> {
  if (!mended.has(key.split('.')[0] ?? '')) {
    if (to === BUSY) throw new AutomationError('far_side_busy', 'The far side is busy.', { retry: { kind: 'transient' } });
    if (to === GONE) throw new AutomationError('far_side_gone', 'The far side is gone.', { hint: 'Find another.' });
  }
  return { answer: `taken for ${to}` };
}

const onCreated = (source: string, steps: object[], more: object = {}) => ({
  trigger: { type: 'event', module: 'leads', event: 'created' },
  conditions: { all: [{ field: 'source', operator: 'equals', value: source }] },
  steps,
  ...more,
});
const task = (id: string, title: string) => ({ id, type: 'create_task', with: { title } });
const CALL = {
  id: 'call',
  type: 'call',
  with: { to: '{{record.email}}', apiKey: 'the-secret-of-acme' },
  retry: { maxAttempts: 3, initialInterval: 'PT10M', maxInterval: 'PT1H' },
};
const CALLS = [
  task('task', 'Call {{record.name}}'),
  CALL,
  { id: 'owner', type: 'assign_owner', with: { strategy: 'round_robin', userIds: ['u-1', 'u-2'] } },
];

/** By code. What each is there for stands with the leads below. */
const DEFINITIONS: Record<string, object> = {
  calls: onCreated('Web Form', CALLS),
  waits: onCreated('Patient', [task('before', 'Before'), { id: 'pause', type: 'delay', for: 'P2D' }, task('after', 'After')]),
  once: onCreated('Once', [task('task', 'Once only')], { settings: { reentry: 'once_per_record' } }),
  echo: {
    trigger: { type: 'event', module: 'leads', event: 'updated', fields: ['touches'] },
    steps: [{ id: 'touch', type: 'change_field', with: { field: 'touches', increment: 1 } }],
  },
  branches: onCreated('Branch', [
    { ...CALL, onError: 'continue', retry: { maxAttempts: 1 } },
    {
      id: 'size',
      type: 'branch',
      branches: [{ name: 'big', when: { field: 'amount', operator: 'greater_than', value: 1000 }, steps: [task('big', 'Big')] }],
      otherwise: [task('small', 'Small')],
    },
    { id: 'stage', type: 'move_stage', with: { stage: 'Contacted' } },
  ]),
  resting: onCreated('Resting', [task('task', 'Not while it is paused')]),
  shelved: onCreated('Shelved', [task('task', 'Never again')]),
  deleted: onCreated('Deleted', [task('task', 'From a workflow that is gone')]),
};

/**
 * What happens in the life of the database that is dumped: workflows of every status and runs in every state, as only the
 * release itself can leave them. Each lead is named after what becomes of it.
 */
export async function playScenes(app: DumpApp, mended: Set<string>): Promise<void> {
  const acme = adminOf('acme');
  for (const workspaceId of ['acme', 'rival']) await seedUsers(app.source, workspaceId);
  const ids = new Map<string, string>();
  for (const [code, definition] of Object.entries(DEFINITIONS)) {
    const { id } = await app.workflows.create({ code, name: `Workflow ${code}`, definition: definition as JsonObject }, acme);
    await app.workflows.publish(id, acme);
    ids.set(code, id);
  }
  const idOf = (code: string): string => ids.get(code) as string;
  const broken = onCreated('Broken', [{ id: 'what', type: 'no_such_action', with: {} }]);
  await app.workflows.create({ code: 'broken', name: 'Workflow broken', definition: broken as JsonObject }, acme);
  const rivals = onCreated('Web Form', [task('task', 'For the rival')]) as JsonObject;
  const rival = await app.workflows.create({ code: 'calls', name: 'Workflow of the rival', definition: rivals }, adminOf('rival'));
  await app.workflows.publish(rival.id, adminOf('rival'));

  await createLead(app, { id: 'succeeded' }, 'form-1');
  await createLead(app, { id: 'failed', email: GONE });
  await createLead(app, { id: 'failed-too', email: GONE });
  await createLead(app, { id: 'exhausted', email: BUSY });
  await createLead(app, { id: 'of-rival', workspaceId: 'rival' });
  await createLead(app, { id: 'left-by-its-workflow', source: 'Deleted' });
  await createLead(app, { id: 'once', source: 'Once' });
  await createLead(app, { id: 'branched', source: 'Branch', amount: '5000', email: GONE });
  await app.automation.drain();
  for (let attempt = 2; attempt <= 3; attempt += 1) {
    await passTime(app);
    await app.automation.drain();
  }
  await createLead(app, { id: 'cancelled', source: 'Patient' });
  await app.automation.drain();
  await app.runs.cancel(await runOf(app, 'cancelled'), 'A call that nobody wants any more', acme);
  await app.workflows.delete(idOf('deleted'), acme);

  // The same record a second time: skipped, by the rule of its workflow. And a change that its own workflow answers with a change.
  const actor = { type: 'user' as const, id: 'u-2', name: 'User 2' };
  const once = { id: 'once', name: 'once', source: 'Once', email: 'ok@far.test' };
  await app.automation.publish({ workspaceId: 'acme', module: 'leads', event: 'created', record: once, actor });
  const before = { id: 'succeeded', name: 'succeeded', touches: 0 };
  await app.automation.publishChange({ workspaceId: 'acme', module: 'leads', before, after: { ...before, touches: 1 }, actor });
  await app.automation.publishChange({ workspaceId: 'acme', module: 'leads', before, after: { ...before, name: 'Succeeded' }, actor });
  await app.automation.drain();

  // Failed first, mended by hand afterwards: from the step and from the start.
  for (const id of ['mended-from-step', 'mended-from-start']) await createLead(app, { id, email: GONE });
  await app.automation.drain();
  for (const id of ['mended-from-step', 'mended-from-start']) {
    const from = id === 'mended-from-step' ? 'failed_step' : 'start';
    const { id: goesOn } = await app.runs.retry(await runOf(app, id), { from, reason: 'The far side is back' }, acme);
    mended.add(goesOn);
  }
  await app.automation.drain();

  await createLead(app, { id: 'waits-for-its-delay', source: 'Patient' });
  await createLead(app, { id: 'waits-for-its-retry', email: BUSY });
  for (const id of ['queued-from-step', 'queued-from-start']) await createLead(app, { id, email: GONE });
  await app.automation.drain();
  await refuseRunsOf(app, 'unroutable');

  await app.workflows.pause(idOf('resting'), acme);
  // This release has the status, and no way to it yet.
  await app.source.query(`UPDATE automation.workflows SET status = 'archived' WHERE code = 'shelved'`);
  const { revision } = await app.workflows.get(idOf('calls'), acme);
  const second = onCreated('Web Form', [...CALLS, { id: 'stage', type: 'move_stage', with: { stage: 'Contacted' } }]) as JsonObject;
  await app.workflows.update(idOf('calls'), { revision, definition: second }, acme);
  await app.workflows.publish(idOf('calls'), acme);
}

/** What the process that dies in the middle finds: it begins some of these, and the others stay in the queue. */
export async function playLastScene(app: DumpApp): Promise<void> {
  for (const id of ['lost', 'lost-too', 'queued-1', 'queued-2', 'queued-3']) {
    await createLead(app, { id, ...(id === 'lost' ? { email: DEADLY } : {}) });
  }
}

/** And what nobody has looked at yet. */
export async function playAfterlife(app: DumpApp): Promise<void> {
  const acme = adminOf('acme');
  await app.runs.retry(await runOf(app, 'queued-from-step'), { from: 'failed_step' }, acme);
  await app.runs.retry(await runOf(app, 'queued-from-start'), { from: 'start' }, acme);
  await createLead(app, { id: 'unrouted' }, 'form-2');
  await createLead(app, { id: 'unrouted-for-the-paused', source: 'Resting' });
  await createLead(app, { id: 'unrouted-of-rival', workspaceId: 'rival' });
}

async function runOf(app: DumpApp, recordId: string): Promise<string> {
  const { items } = await app.runs.list({ recordId }, { limit: 100 }, adminOf('acme'));
  const run = items.find(({ status, retriedAs }) => status !== 'skipped' && retriedAs === null);
  if (!run) throw new Error(`The lead ${recordId} has no run.`);
  return run.id;
}

/** An event that the router gives up on: Postgres refuses its runs. */
async function refuseRunsOf(app: DumpApp, id: string): Promise<void> {
  await app.source.query(`
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON automation.runs FOR EACH ROW WHEN (NEW.record_id = '${id}') EXECUTE FUNCTION refuse()`);
  await createLead(app, { id });
  for (let round = 0; round < 6; round += 1) await app.automation.tick();
  await app.source.query('DROP TRIGGER refuse ON automation.runs; DROP FUNCTION refuse()');
}
