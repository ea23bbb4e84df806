import { ADMIN, type BenchHost, THREE_ACTIONS } from './support.js';

/** On events that nothing here publishes: neither the host nor the steps of {@link THREE_ACTIONS}, which change leads. */
const OTHERS = [
  { ...THREE_ACTIONS, trigger: { type: 'event', module: 'leads', event: 'deleted' } },
  ...['created', 'updated'].map((event) => ({
    trigger: { type: 'event', module: 'accounts', event },
    conditions: { field: 'industry', operator: 'equals', value: 'Retail' },
    steps: [
      { id: 'call', type: 'create_task', with: { title: 'Call {{record.name}}', dueIn: 'P1D', assigneeId: 'u-1' } },
      { id: 'tell', type: 'send_notification', with: { to: 'u-1', title: 'A retailer: {{record.name}}' } },
      { id: 'sort', type: 'change_field', with: { field: 'industry', value: 'Trade' } },
    ],
  })),
];

/** Creates and publishes one, as an admin does. Answers its id. */
export async function publishWorkflow(host: BenchHost, name: string, definition: object): Promise<string> {
  const { id } = await host.workflows.create({ name, definition: definition as never }, ADMIN);
  await host.workflows.publish(id, ADMIN);
  return id;
}

/** `count` active workflows on other events than the one that is measured. */
export async function addOtherWorkflows(host: BenchHost, count: number): Promise<void> {
  for (const [at, definition] of OTHERS.entries()) {
    const share = Math.ceil((count - at) / OTHERS.length);
    if (share > 0) await addCopies(host, `other-${at}`, definition, share);
  }
}

/**
 * `count` active workflows with this definition: the first is published as an admin does, the others are copied from its
 * rows, because ten thousand publishings would take longer than all that is measured with them.
 */
export async function addCopies(host: BenchHost, code: string, definition: object, count: number): Promise<void> {
  const original = await publishWorkflow(host, `${code} original`, definition);
  await host.source.query(
    `WITH copies AS MATERIALIZED (
       SELECT n, gen_random_uuid() AS id, gen_random_uuid() AS version_id FROM generate_series(2, $2::int) AS n
     ), versions AS (
       INSERT INTO automation.workflows (workspace_id, id, code, name, status, draft, trigger, module, published_version_id,
         published_version, has_unpublished_changes)
       SELECT w.workspace_id, c.id, $3 || '-' || c.n, $3 || ' ' || c.n, w.status, w.draft, w.trigger, w.module, c.version_id,
         w.published_version, false
       FROM automation.workflows w, copies c WHERE w.workspace_id = 'acme' AND w.id = $1
     )
     INSERT INTO automation.workflow_versions (workspace_id, id, workflow_id, version, definition, published_by)
     SELECT v.workspace_id, c.version_id, c.id, v.version, v.definition, v.published_by
     FROM automation.workflow_versions v, copies c WHERE v.workspace_id = 'acme' AND v.workflow_id = $1`,
    [original, count, code],
  );
  // Says that the catalogue has changed, for the copies too.
  await host.workflows.publish(original, ADMIN);
}
