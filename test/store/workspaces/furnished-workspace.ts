import type { OwnDatabase } from '../support/own-database.js';
import { ID, id, LONG_AGO, OTHER, PAST, USER } from './names.js';
import { LEAD, ROWS, SLOT, TASK } from './rows.js';

/** What only the other workspace has: more of what belongs to the same ids, or something that `acme` lacks. */
const MORE: [string, object][] = [
  ['workflows', { id: id(8), code: 'other', name: 'Other', status: 'active', draft: {}, problems: [], published_version_id: id(9) }],
  ...[
    { id: id(9), workflow_id: ID.workflow, version: 2, published_at: LONG_AGO },
    { id: id(10), workflow_id: ID.machine, version: 1, transition: 'other' },
  ].map((row): [string, object] => ['workflow_versions', { definition: {}, published_at: PAST, published_by: USER, ...row }]),
  ['context_values', { workflow_id: ID.workflow, key: 'other', value: '1', bytes: 11 }],
  [
    'audit_log',
    {
      id: id(99),
      at: PAST,
      actor: { type: 'system' },
      action: 'workflow.paused',
      target_type: 'workflow',
      target_id: ID.workflow,
      note: 'No.',
    },
  ],
  [
    'audit_log',
    { id: id(98), at: PAST, actor: { type: 'system' }, action: 'machine.paused', target_type: 'machine', target_id: ID.machine },
  ],
  ['workflow_stats', { workflow_id: ID.workflow, slot: SLOT + 1, started: 1 }],
  ...[
    { id: id(17), event: 'created' },
    { id: id(18), event: 'replayed', source: 'replay', origin_id: ID.event, target: { workflowId: id(8) } },
    { id: id(19), event: 'updated', source: 'workflow', cause: { runId: ID.succeeded, step: 'move' } },
    { id: id(20), event: 'created', record_id: '44' },
  ].map((row): [string, object] => ['events', { ...LEAD, actor: USER, occurred_at: PAST, source: 'publish', ...row }]),
  ...[
    { id: id(35), status: 'queued', parent: { runId: ID.waiting, path: 'ask', attempt: 1, waits: true }, record_id: '42' },
    { id: id(36), status: 'running', admission: 'admitted', record_id: '44', due_at: PAST },
    { id: id(37), status: 'waiting', due_at: PAST, event_id: ID.event, retry_of: ID.queued },
  ].map((row): [string, object] => [
    'runs',
    { workflow_id: ID.workflow, version_id: ID.version, version: 1, ...LEAD, actor: USER, created_at: PAST, ...row },
  ]),
  ['step_executions', { run_id: ID.failed, path: 'more', type: 'webhook', status: 'running', attempt: 1, position: 9, started_at: PAST }],
  [
    'step_executions',
    { run_id: ID.failed, path: 'settings.onFailure', type: 'webhook', status: 'lost', attempt: 7, position: 9, started_at: PAST },
  ],
  ['run_inbox', { run_id: ID.waiting, path: 'ask', attempt: 1, answer: { by: 'u-2' }, created_at: PAST }],
  ['run_batches', { run_id: ID.moved, batch_id: ID.fresh }],
  ['human_task_people', { task_id: ID.task, user_id: 'u-8', is_open: true, is_asked: false, due_at: PAST }],
  ['human_task_people', { task_id: ID.task, user_id: 'u-9', is_open: true, is_asked: true, due_at: PAST }],
  [
    'instances',
    {
      id: id(56),
      record_id: '47',
      failure: { transition: 'send', runId: ID.movedOn },
      machine_id: ID.machine,
      version_id: ID.machineVersion,
      module: 'leads',
      state: 'NEW',
      is_final: false,
    },
  ],
  ['transitions', { instance_id: ID.atRest, id: id(89), machine_id: ID.machine, kind: 'reset', at: PAST }],
  ['instance_counts', { machine_id: ID.machine, version_id: ID.machineVersion, state: 'NEW', slot: SLOT + 1, instances: 2 }],
  ['deferred_events', { instance_id: ID.atRest, event_id: ID.manual }],
  ['workflows', { id: ID.gone, kind: 'machine', code: 'gone', name: 'Gone', draft: {}, problems: [] }],
  ['workflow_writes', { workflow_id: ID.paused, state: 'x', fields: '{leads.stage}' }],
  ...[
    { id: id(100), target_type: 'workflow', target_id: ID.paused, action: 'workflow.paused' },
    { id: id(101), target_type: 'machine', target_id: id(43), action: 'machine.paused' },
    { id: id(102), target_type: 'workflow', target_id: ID.workflow, action: 'workflow.paused', at: new Date('2026-01-15T00:00:00Z') },
    { id: id(103), target_type: 'workflow', target_id: ID.workflow, action: 'workflow.paused', at: new Date('2026-02-15T00:00:00Z') },
  ].map((row): [string, object] => ['audit_log', { at: PAST, actor: { type: 'system' }, after: { status: 'paused' }, ...row }]),
  ...[
    { id: id(46), path: 'more', due_at: LONG_AGO },
    { id: id(47), path: 'more still', status: 'completed', due_at: LONG_AGO },
  ].map((row): [string, object] => ['human_tasks', { ...TASK, ...row }]),
  ...[id(46), id(47)].map((task_id): [string, object] => [
    'human_task_people',
    { task_id, user_id: 'u-1', is_open: true, is_asked: true, due_at: LONG_AGO },
  ]),
];

/** What the other workspace has in other words, and in other definitions. */
const OTHER_WORDS: Readonly<Record<string, unknown>> = {
  ...{
    name: 'Other',
    title: 'Other',
    message: 'Other',
    label: 'Other',
    note: 'Other',
    definition: { other: true },
    draft: { other: true },
  },
  ...{ trigger: { other: true }, explanation: { other: true }, reason: 'other', answer: { other: true }, outcome: { other: true } },
  ...{ record: { other: true }, context: { other: true }, published_by: { type: 'system' }, actor: { type: 'system' }, value: '2' },
};

/** Fills a workspace with a row or more of every table, in every state that statements ask for: `acme`, or the other one with the same ids. */
export async function furnishWorkspace(own: OwnDatabase, workspace: 'acme' | typeof OTHER): Promise<void> {
  const isOther = workspace === OTHER;
  const rows = [...ROWS, ...(isOther ? MORE : [])];
  for (const [table, row] of rows) {
    const given = Object.entries(row).map(([column, value]) => [column, (isOther && OTHER_WORDS[column]) || value]);
    // By the name of a secret it is found.
    await own.insert(table, { workspace_id: workspace, ...Object.fromEntries(given), ...(table === 'secrets' && { name: 'stripe' }) });
  }
  const token = { workspace_id: workspace, workflow_id: ID.workflow, created_at: PAST, created_by: USER };
  await own.insert('trigger_tokens', { ...token, id: ID.token, token_hash: isOther ? '\\xbb' : '\\xaa' });
  if (isOther) await own.insert('trigger_tokens', { ...token, id: ID.oldToken, token_hash: '\\xcc', valid_until: PAST });
  // What is counted by the day and by the month is asked for by today's date; a month may end meanwhile.
  await own.query(
    `INSERT INTO automation.workflow_days (workspace_id, workflow_id, step, day, slot, succeeded) VALUES ($1, $2, '', now() AT TIME ZONE 'UTC', $3, 1)`,
    [workspace, ID.workflow, SLOT],
  );
  await own.query(
    `INSERT INTO automation.monthly_runs (workspace_id, slot, month, started) SELECT $1, $2 + slot, date_trunc('month', now() AT TIME ZONE 'UTC') + slot * interval '1 month', 5 FROM generate_series(0, 1) AS slot`,
    [workspace, SLOT],
  );
}
