import { ID, id, LONG_AGO, PAST, USER } from './names.js';

/** A row of a counter that nobody chooses: which one is added to is chance. */
export const SLOT = 100;
export const LEAD = { module: 'leads', record_id: '42' };
const DEFINITION = {
  trigger: { type: 'schedule', cron: '0 9 * * *' },
  settings: { maxConcurrentRuns: 1, onFailure: { url: 'https://a.test' } },
  for: { module: 'leads', integration: 'erp' },
  states: [{ code: 'NEW' }, { code: 'SENT', final: true }],
  steps: [{ id: 'call', token: { $secret: 'stripe' } }],
};

const DEFINITIONS: [table: string, row: object][] = [
  [
    'workflows',
    {
      id: ID.workflow,
      code: 'welcome',
      name: 'Welcome',
      status: 'active',
      draft: DEFINITION,
      problems: [],
      trigger: { type: 'event', module: 'leads', event: 'created' },
      module: 'leads',
      published_version_id: ID.version,
      published_version: 1,
    },
  ],
  [
    'workflows',
    {
      id: ID.machine,
      kind: 'machine',
      code: 'orders',
      name: 'Orders',
      status: 'active',
      draft: DEFINITION,
      problems: [],
      trigger: {},
      module: 'leads',
      published_version_id: ID.machineVersion,
      published_version: 1,
    },
  ],
  ...[
    { id: ID.paused, kind: 'workflow', code: 'paused' },
    { id: id(43), kind: 'machine', code: 'paused-machine' },
  ].map((row): [string, object] => ['workflows', { name: 'Paused', status: 'paused', draft: {}, problems: [], ...row }]),
  ['deleted_workflows', { id: ID.gone, code: 'old', name: 'Old', kind: 'machine', deleted_at: PAST }],
  ['active_workflow_generations', { generation: 3 }],
  ...[
    { id: ID.oldVersion, workflow_id: ID.workflow, version: 0, published_at: LONG_AGO },
    { id: ID.version, workflow_id: ID.workflow, version: 1 },
    { id: ID.machineVersion, workflow_id: ID.machine, version: 1 },
    {
      id: ID.transitionVersion,
      workflow_id: ID.machine,
      version: 1,
      transition: 'send',
      ends: { from: ['NEW'], to: 'SENT' },
    },
  ].map((row): [string, object] => ['workflow_versions', { definition: DEFINITION, published_at: PAST, published_by: USER, ...row }]),
  ['workflow_stats', { workflow_id: ID.workflow, slot: SLOT, started: 2, succeeded: 1, failed: 1, last_run_at: PAST }],
  ['workflow_writes', { workflow_id: ID.workflow, state: 'v1 x', fields: '{leads.stage}' }],
  ['context_values', { workflow_id: ID.workflow, key: 'score', value: '1', bytes: 11 }],
  ['schedules', { workflow_id: ID.workflow, version_id: ID.version, next_at: PAST }],
  ...[ID.version, ID.oldVersion].map((version_id): [string, object] => [
    'date_triggers',
    { version_id, record_id: '42', workflow_id: ID.workflow, module: 'leads', due_at: PAST },
  ]),
  ['date_builds', { workflow_id: ID.workflow, version_id: ID.version, state: 'building', started_at: LONG_AGO, touched_at: PAST }],
  // Of release 0.1.0.
  ['rotations', { key: 'owners', position: 1 }],
  ['trigger_rates', { key: 'hook', since: PAST, deliveries: 2 }],
  ['audit_log', { id: id(91), at: PAST, actor: USER, action: 'workflow.created', target_type: 'workflow', target_id: ID.workflow }],
  [
    'audit_log',
    {
      id: id(92),
      at: PAST,
      actor: USER,
      action: 'workflow.paused',
      target_type: 'workflow',
      target_id: ID.workflow,
      after: { status: 'paused' },
    },
  ],
  ['audit_log', { id: id(93), at: PAST, actor: USER, action: 'machine.created', target_type: 'machine', target_id: ID.machine }],
  ['audit_log', { id: id(94), at: PAST, actor: USER, action: 'run.retried', target_type: 'run', target_id: ID.failed }],
  ['audit_log', { id: id(95), at: PAST, actor: USER, action: 'task.claimed', target_type: 'task', target_id: ID.task }],
  [
    'secrets',
    {
      name: 'stripe',
      id: ID.secret,
      hosts: '{api.test}',
      key_id: 'k1',
      sealed: '\\x01',
      created_at: PAST,
      created_by: USER,
      changed_at: PAST,
      changed_by: USER,
    },
  ],
  ['integrations', { code: 'erp', id: id(96), module: 'leads', machine: 'orders', mode: 'per_record', enabled: true, updated_at: PAST }],
  ['task_queues', { name: 'sales', id: id(97), label: 'Sales', users: '{u-1}', roles: '{senior}', updated_at: PAST }],
];

const EVENTS: [string, object][] = [
  { id: ID.event, event: 'created', source: 'publish', routed_at: PAST, record: { name: 'Ann' } },
  { id: ID.unrouted, event: 'delivered', source: 'hook', key: 'k', trigger: { body: 1 }, parent: { runId: ID.waiting } },
  { id: ID.replay, event: 'created', source: 'replay', origin_id: ID.event, target: { workflowId: ID.workflow } },
  { id: ID.manual, event: 'start', source: 'manual', routed_at: PAST, origin_id: ID.batch, target: { workflowId: ID.workflow } },
  { id: id(16), event: 'updated', source: 'workflow', routed_at: PAST, cause: { runId: ID.succeeded, step: 'other' } },
].map((row): [string, object] => ['events', { ...LEAD, actor: USER, occurred_at: PAST, ...row }]);

const RUNS: [string, object][] = [
  { id: ID.queued, status: 'queued', due_at: PAST, event_id: ID.event, context: { score: 1 } },
  { id: ID.held, status: 'running', due_at: PAST, fence: 1, started_at: PAST },
  { id: ID.waiting, status: 'waiting', due_at: PAST, started_at: PAST, answers: 1, waiting: [{ path: 'ask', reason: 'workflow' }] },
  {
    id: ID.failed,
    status: 'failed',
    reason: 'refused',
    error: { code: 'refused', message: 'It was refused.', step: 'call' },
    event_id: ID.manual,
    started_at: PAST,
    finished_at: PAST,
  },
  { id: ID.succeeded, status: 'succeeded', started_at: PAST, finished_at: PAST },
  { id: ID.skipped, status: 'skipped', reason: 'conditions', finished_at: PAST },
  { id: ID.inQueue, status: 'queued', admission: 'queue', parent: { runId: ID.succeeded, waits: true }, record_id: '43' },
  { id: ID.inOrder, status: 'queued', admission: 'record', parent: { runId: ID.succeeded, waits: true }, record_id: '44' },
  {
    id: ID.child,
    status: 'queued',
    admission: 'admitted',
    due_at: PAST,
    parent: { runId: ID.waiting, path: 'ask', attempt: 1, waits: true },
    record_id: '45',
  },
  {
    id: ID.moved,
    status: 'failed',
    reason: 'no',
    workflow_id: ID.machine,
    version_id: ID.transitionVersion,
    started_at: PAST,
    finished_at: PAST,
  },
  { id: ID.movedOn, status: 'failed', workflow_id: ID.machine, version_id: ID.transitionVersion, started_at: PAST, finished_at: PAST },
  // Of one the workflow is gone, of the other the event.
  { id: ID.orphan, status: 'failed', workflow_id: id(8), started_at: PAST, finished_at: PAST },
  { id: ID.inputless, status: 'failed', event_id: id(17), started_at: PAST, finished_at: PAST },
  { id: ID.repeated, status: 'failed', event_id: ID.replay, retried_as: ID.repeat, started_at: PAST, finished_at: PAST },
  { id: ID.repeat, status: 'succeeded', event_id: ID.replay, retry_of: ID.repeated, started_at: PAST, finished_at: PAST },
].map((row): [string, object] => [
  'runs',
  { workflow_id: ID.workflow, version_id: ID.version, version: 1, ...LEAD, actor: USER, created_at: PAST, ...row },
]);

const OF_RUNS: [string, object][] = [
  ...[
    { run_id: ID.held, path: 'call', type: 'webhook', status: 'running' },
    { run_id: ID.waiting, path: 'ask', type: 'ask', status: 'waiting', wake_at: new Date('2999-01-01T00:00:00Z') },
    { run_id: ID.failed, path: 'call', type: 'webhook', status: 'running' },
    { run_id: ID.failed, path: 'sub', type: 'run_workflow', status: 'failed', position: 1, finished_at: PAST },
    { run_id: ID.succeeded, path: 'move', type: 'move_stage', status: 'succeeded', output: { from: 'a', to: 'b' }, finished_at: PAST },
    { run_id: ID.succeeded, path: 'settings.onSuccess', type: 'webhook', status: 'running', position: 2 },
  ].map((row): [string, object] => ['step_executions', { attempt: 1, position: 0, started_at: PAST, ...row }]),
  ['run_inbox', { run_id: ID.waiting, path: 'other', attempt: 1, answer: { by: 'u-1' }, created_at: PAST }],
  ['run_batches', { run_id: ID.failed, batch_id: ID.batch }],
  ['left_sub_runs', { run_id: ID.waiting }],
  ['run_callbacks', { run_id: ID.succeeded, kind: 'onSuccess', first_attempt: 1, fence: 1, due_at: PAST }],
  ['wait_tokens', { run_id: ID.waiting, token_hash: '\\xaa', path: 'ask', attempt: 1, purpose: 'approve', who: 'u-1' }],
];

export const TASK = {
  run_id: ID.waiting,
  attempt: 1,
  workflow_id: ID.workflow,
  kind: 'approval',
  title: 'Approval',
  message: 'Well?',
  fields: [],
  shown: '{}',
  ...LEAD,
  priority: 'normal',
  queue: 'sales',
  reason_required: false,
  pending: '{}',
  created_at: PAST,
};
const TASKS: [string, object][] = [
  ...[
    { id: ID.task, path: 'ask', next_at: PAST, pending: '{new}', due_at: PAST },
    { id: ID.done, path: 'earlier', status: 'completed', outcome: { decision: 'approved' }, finished_at: LONG_AGO },
  ].map((row): [string, object] => ['human_tasks', { ...TASK, ...row }]),
  ...['u-1', 'u-2'].map((user_id): [string, object] => [
    'human_task_people',
    { task_id: ID.task, user_id, is_open: true, is_asked: true, due_at: PAST },
  ]),
  ['human_task_mails', { task_id: ID.task, notice: 'new', user_id: 'u-1', address: 'ann@a.test', next_at: PAST, noted_at: PAST }],
];

const INSTANCES: [string, object][] = [
  ...[
    { id: ID.atRest, record_id: '42', timeout_at: PAST, deferred: 1 },
    { id: ID.underWay, record_id: '43', transition: 'send', run_id: ID.held, transition_since: PAST },
    { id: ID.failedInstance, record_id: '44', failure: { transition: 'send', runId: ID.moved } },
    { id: ID.missed, record_id: '45', missed_timeout: 1 },
    { id: ID.left, record_id: '46', machine_id: ID.gone },
  ].map((row): [string, object] => [
    'instances',
    {
      machine_id: ID.machine,
      version_id: ID.machineVersion,
      module: 'leads',
      state: 'NEW',
      is_final: false,
      entered_at: PAST,
      created_at: PAST,
      ...row,
    },
  ]),
  ...['created', 'not_fired'].map((kind, index): [string, object] => [
    'transitions',
    { instance_id: ID.atRest, id: id(81 + index), machine_id: ID.machine, kind, event_id: ID.event, explanation: { why: kind }, at: PAST },
  ]),
  ['transitions', { instance_id: ID.left, id: id(83), machine_id: ID.gone, kind: 'created', at: PAST }],
  ['deferred_events', { instance_id: ID.left, event_id: ID.event }],
  ['instance_counts', { machine_id: ID.machine, version_id: ID.machineVersion, state: 'NEW', slot: SLOT, instances: 4 }],
  ['deferred_events', { instance_id: ID.atRest, event_id: ID.event }],
  ['machine_polls', { version_id: ID.machineVersion, transition: 'send', machine_id: ID.machine, next_at: PAST, looked_at: PAST }],
];

/** A row or more of every table, in every state that statements ask for, without the workspace. */
export const ROWS: readonly [table: string, row: object][] = [...DEFINITIONS, ...EVENTS, ...RUNS, ...OF_RUNS, ...TASKS, ...INSTANCES];
