import { adminOf } from '../../../src/demo/access/tokens.js';
import { WorkflowService } from '../../../src/index.js';
import type { FaultLab } from '../support/fault-lab.js';

/** What came of workflows that start each other. */
export interface Loops {
  runs: number;
  notes: string[];
  violations: string[];
}

/** Runs of one workflow on one chain: how many ran, and what the skipped ones say. */
interface Chain {
  record: string;
  succeeded: number;
  loops: number;
  rules: string[];
}

/**
 * A moves a lead on, B moves it back, A again; and a task's creation creates a task, whose creation does. The first ends
 * because A is in the chain of this record already, the second at the depth; both say so on a skipped run.
 */
export async function loops(lab: FaultLab, count: number): Promise<Loops> {
  const move = (from: string, to: string) => ({
    trigger: { type: 'event', module: 'leads', event: 'stage_changed', from: [from], to: [to] },
    steps: [{ id: 'move', type: 'move_stage', with: { stage: from } }],
  });
  const ids = [
    await lab.crm.publishWorkflow(
      {
        trigger: { type: 'event', module: 'leads', event: 'created' },
        conditions: { field: 'company', operator: 'equals', value: 'Loop' },
        steps: [{ id: 'move', type: 'move_stage', with: { stage: 'Contacted' } }],
      },
      'start',
    ),
    await lab.crm.publishWorkflow(move('New', 'Contacted'), 'A'),
    await lab.crm.publishWorkflow(move('Contacted', 'New'), 'B'),
  ];
  for (let lead = 0; lead < count; lead += 1) await lab.crm.createLead({ company: 'Loop' });
  const open = await lab.database.settle();
  const backAndForth = await chains(lab, ids);
  const endless = await lab.crm.publishWorkflow(
    {
      trigger: { type: 'event', module: 'tasks', event: 'created' },
      steps: [{ id: 'next', type: 'create_task', with: { title: 'Follow {{record.title}}' } }],
    },
    'endless',
  );
  const starter = await lab.crm.publishWorkflow(
    {
      trigger: { type: 'event', module: 'leads', event: 'created' },
      conditions: { field: 'company', operator: 'equals', value: 'Endless' },
      steps: [{ id: 'first', type: 'create_task', with: { title: 'The first' } }],
    },
    'starter',
  );
  for (let lead = 0; lead < count; lead += 1) await lab.crm.createLead({ company: 'Endless' });
  const still = await lab.database.settle();
  const deep = await depths(lab, endless, starter);
  const violations = [open, still].flatMap((left) => (left === null ? [] : [left]));
  const wrong = backAndForth.filter(
    ({ succeeded, loops: ended, rules }) => succeeded !== 3 || ended !== 1 || !/in this very chain/.test(rules.join()),
  );
  if (backAndForth.length !== count || wrong.length > 0) {
    violations.push(
      `${count - backAndForth.length + wrong.length} loops did not end as they must, such as ${JSON.stringify(wrong[0] ?? null)}`,
    );
  }
  // The starter is the first of the five runs.
  if (
    deep.succeeded !== 5 * count ||
    deep.loops !== count ||
    deep.rules.some((rule) => !/A chain of workflows ends after 5 runs/.test(rule))
  ) {
    violations.push(`${count} endless chains came to ${JSON.stringify(deep)}`);
  }
  const workflows = lab.crm.context.get(WorkflowService);
  for (const id of [...ids, endless, starter]) await workflows.pause(id, adminOf('acme'));
  return {
    runs: backAndForth.reduce((sum, chain) => sum + chain.succeeded, 0) + deep.succeeded,
    violations,
    notes: [
      `${count} loops A -> B -> A ended at the second A (${[...new Set(backAndForth.flatMap(({ rules }) => rules))].join('; ')}), ${count} endless chains at the depth (${deep.rules.join('; ')})`,
    ],
  };
}

/** Of the skipped ones, those of A on the event that would have started it again. */
function chains(lab: FaultLab, workflowIds: string[]): Promise<Chain[]> {
  return lab.database.query<Chain>(
    `SELECT r.record_id AS record, count(*) FILTER (WHERE r.status = 'succeeded')::int AS succeeded, count(*) FILTER (WHERE again)::int AS loops,
       coalesce(array_agg(DISTINCT r.explanation->>'rule') FILTER (WHERE again), '{}') AS rules
     FROM automation.runs r JOIN leads l ON l.id::text = r.record_id AND l.company = 'Loop'
     JOIN automation.events e ON e.workspace_id = r.workspace_id AND e.id = r.event_id,
     LATERAL (SELECT r.reason = 'loop' AND r.workflow_id = $2 AND e.record->>'stage' = 'Contacted' AS again) AS it
     WHERE r.workflow_id = ANY($1) GROUP BY r.record_id`,
    [workflowIds, workflowIds[1]],
  );
}

async function depths(lab: FaultLab, endless: string, starter: string): Promise<Omit<Chain, 'record'>> {
  return lab.database.one(
    `SELECT count(*) FILTER (WHERE status = 'succeeded')::int AS succeeded, count(*) FILTER (WHERE reason = 'loop')::int AS loops,
       coalesce(array_agg(DISTINCT explanation->>'rule') FILTER (WHERE reason = 'loop'), '{}') AS rules
     FROM automation.runs WHERE workflow_id = $1 OR (workflow_id = $2 AND status = 'succeeded')`,
    [endless, starter],
  );
}
