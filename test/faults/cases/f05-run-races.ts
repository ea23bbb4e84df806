import type { JsonObject } from '../../../src/index.js';
import { eventually } from '../../support/eventually.js';
import type { FaultLab } from '../support/fault-lab.js';
import { type Answer, type Nodes, side, tally } from './f05-nodes.js';
import { AT_ONCE, createLeads, expectNone, one, type Race, raceOf, settle } from './f05-race.js';

const COUNT = { id: 'count', type: 'change_field', with: { field: 'amount', increment: 1 } };
/** Fails until somebody has filled in a stage that there is. */
const STAGE = { id: 'stage', type: 'move_stage', with: { stage: '{{record.phone}}' } };
const TASK = { id: 'task', type: 'create_task', with: { title: 'Call {{record.name}}' } };
const COOL = { id: 'cool', type: 'delay', for: 'PT1H' };

/** Every node retries the same failed run: one attempt more, and one new run; everybody else is told so. */
export async function doubleRetries(lab: FaultLab, nodes: Nodes, count: number): Promise<Race[]> {
  const races: Race[] = [];
  for (const from of ['failed_step', 'start'] as const) {
    const name = `retry from ${from}`;
    const ids = await failedRuns(lab, name, [COUNT, STAGE, TASK], count);
    const race = raceOf(name, count);
    const answers: Answer[] = [];
    await side(ids, AT_ONCE, async (id) => {
      const given = await nodes.askAll('POST', `runs/${id}/retry`, { from });
      answers.push(...given);
      one(race, id, given, ['run_not_failed', 'run_already_retried']);
    });
    await settle(lab, race);
    race.said = tally(answers);
    // From the failed step the counting step stays done; from the start it is done once more, by the one new run.
    const amount = from === 'start' ? 2 : 1;
    await expectNone(
      lab,
      race,
      `had not exactly one retry`,
      `SELECT l.id FROM leads l WHERE l.company = $1 AND (l.amount <> ${amount}
         OR (SELECT count(*) FROM tasks t WHERE t."relatedId" = l.id) <> 1
         OR (SELECT count(*) FROM automation.audit_log a JOIN automation.runs r ON r.id = a.target_id
             WHERE a.action = 'run.retried' AND r.record_id = l.id::text) <> 1
         OR (SELECT count(*) FROM automation.runs r WHERE r.record_id = l.id::text AND r.status <> 'skipped') <> ${from === 'start' ? 2 : 1}
         OR (SELECT count(*) FROM automation.step_executions s JOIN automation.runs r ON r.id = s.run_id
             WHERE r.record_id = l.id::text AND s.path = 'stage') <> 2)`,
      [name],
    );
    races.push(race);
  }
  return races;
}

/** Half of the nodes retry a failed run, the others cancel it: it goes on once, and a cancel that was accepted stands. */
export async function cancelsAgainstRetries(lab: FaultLab, nodes: Nodes, count: number): Promise<Race> {
  const race = raceOf('cancel against retry', count);
  const ids = await failedRuns(lab, race.name, [COUNT, STAGE, COOL, TASK], count);
  const answers: Answer[] = [];
  const cancelled: string[] = [];
  await side(ids, AT_ONCE, async (id) => {
    const given = await Promise.all(
      Array.from({ length: Math.max(4, nodes.count) }, (_, node) =>
        node % 2 === 0
          ? nodes.ask(node / 2, 'POST', `runs/${id}/retry`, { from: 'failed_step' })
          : nodes.ask(nodes.count - 1 - (node - 1) / 2, 'POST', `runs/${id}/cancel`, {}),
      ),
    );
    answers.push(...given);
    const byRetry = given.filter((_, node) => node % 2 === 0);
    const byCancel = given.filter((_, node) => node % 2 === 1);
    one(race, id, byRetry, ['run_not_failed']);
    if (one(race, id, byCancel, ['run_finished'], 0) === 1) cancelled.push(id);
  });
  await eventually(() => none(lab, `SELECT 1 FROM automation.runs WHERE id = ANY($1) AND status IN ('queued', 'running')`, [ids]));
  await expectNone(lab, race, 'were cancelled and went on', `SELECT id FROM automation.runs WHERE id = ANY($1) AND status <> 'cancelled'`, [
    cancelled,
  ]);
  await passTime(lab);
  await settle(lab, race);
  await expectNone(
    lab,
    race,
    'ended otherwise than it was decided',
    `SELECT r.id FROM automation.runs r JOIN leads l ON l.id::text = r.record_id WHERE r.id = ANY($1) AND (l.amount <> 1
       OR r.status <> CASE WHEN r.id = ANY($2) THEN 'cancelled' ELSE 'succeeded' END
       OR (SELECT count(*) FROM tasks t WHERE t."relatedId" = l.id) <> CASE WHEN r.id = ANY($2) THEN 0 ELSE 1 END)`,
    [ids, cancelled],
  );
  race.said = tally(answers);
  return race;
}

/**
 * Delays that become due in the same moment, on all nodes; and at that moment some are cancelled by two nodes at once.
 * Each goes on once, or is cancelled once.
 */
export async function cancelsAgainstWorkers(lab: FaultLab, nodes: Nodes, counts: { timers: number; cancelled: number }): Promise<Race> {
  const race = raceOf('due timers, some cancelled', counts.timers);
  const workflowId = await lab.crm.publishWorkflow(on(race.name, [COOL, COUNT, TASK]));
  await createLeads(lab, race.name, counts.timers);
  const inStatus = (status: string) =>
    lab.database.query<{ id: string }>('SELECT id FROM automation.runs WHERE workflow_id = $1 AND status = $2 ORDER BY id', [
      workflowId,
      status,
    ]);
  const ids = await eventually(async () => {
    const waiting = await inStatus('waiting');
    if (waiting.length !== counts.timers) throw new Error(`${waiting.length} of ${counts.timers} wait`);
    return waiting.map(({ id }) => id);
  }, 60_000);
  const answers: Answer[] = [];
  const cancelled: string[] = [];
  const due = passTime(lab);
  // The youngest: those that the workers come to last.
  await side(ids.slice(-counts.cancelled).reverse(), AT_ONCE, async (id, index) => {
    const given = await Promise.all([0, 1].map((more) => nodes.ask(index + more, 'POST', `runs/${id}/cancel`, {})));
    answers.push(...given);
    if (one(race, id, given, ['run_finished'], 0) === 1) cancelled.push(id);
  });
  await due;
  await settle(lab, race);
  await expectNone(
    lab,
    race,
    'went on otherwise than once, or than it was decided',
    `SELECT r.id FROM automation.runs r JOIN leads l ON l.id::text = r.record_id WHERE r.id = ANY($1) AND (
       r.status <> CASE WHEN r.id = ANY($2) THEN 'cancelled' ELSE 'succeeded' END
       OR coalesce(l.amount, 0) <> CASE WHEN r.id = ANY($2) THEN 0 ELSE 1 END
       OR (SELECT count(*) FROM tasks t WHERE t."relatedId" = l.id) <> CASE WHEN r.id = ANY($2) THEN 0 ELSE 1 END
       OR EXISTS (SELECT 1 FROM automation.step_executions s WHERE s.run_id = r.id AND s.attempt > 1))`,
    [ids, cancelled],
  );
  race.said = { ...tally(answers), 'gone on': counts.timers - cancelled.length };
  return race;
}

function on(company: string, steps: object[]): JsonObject {
  return {
    trigger: { type: 'event', module: 'leads', event: 'created' },
    conditions: { field: 'company', operator: 'equals', value: company },
    steps: steps as JsonObject[],
  };
}

/** Runs that have failed at a step for a reason that is mended now. */
async function failedRuns(lab: FaultLab, name: string, steps: object[], count: number): Promise<string[]> {
  const workflowId = await lab.crm.publishWorkflow(on(name, steps), name);
  await createLeads(lab, name, count);
  const ids = await eventually(async () => {
    const failed = await lab.database.query<{ id: string }>(`SELECT id FROM automation.runs WHERE workflow_id = $1 AND status = 'failed'`, [
      workflowId,
    ]);
    if (failed.length !== count) throw new Error(`${failed.length} of ${count} runs have failed`);
    return failed.map(({ id }) => id);
  }, 60_000);
  await lab.database.query(`UPDATE leads SET phone = 'Contacted' WHERE company = $1`, [name]);
  return ids;
}

/** Makes every wait due now, in one commit. */
async function passTime(lab: FaultLab): Promise<void> {
  await lab.database.query(`
    WITH passed AS (UPDATE automation.step_executions SET wake_at = now() WHERE status = 'waiting' AND wake_at > now())
    UPDATE automation.runs SET due_at = now() WHERE status = 'waiting'`);
}

async function none(lab: FaultLab, sql: string, parameters: unknown[]): Promise<void> {
  const rows = await lab.database.query(sql, parameters);
  if (rows.length > 0) throw new Error(`${rows.length} rows`);
}
