import { setTimeout as pause } from 'node:timers/promises';
import type { JsonObject } from '../../../src/index.js';
import { eventually } from '../../support/eventually.js';
import { emptyResult, type FaultCase } from '../support/fault-case.js';
import type { FaultLab } from '../support/fault-lab.js';
import { HttpNodes } from '../support/http-nodes.js';
import { side } from './f05-nodes.js';

const COUNTS = {
  short: { runs: 24, kills: 2, servers: 2, workers: 2, lanes: 6 },
  long: { runs: 1_200, kills: 60, servers: 3, workers: 3, lanes: 48 },
};
const ANSWER_MS = 5_000;
/** When the last of those who act on a run does so: the wait lasts from one second after the start to six, or a little later. */
const MOMENTS = [1_500, 4_000, 7_000, 9_000];
const SPREAD_MS = 1_500;
/** Three senders of an answer each: one of them is the first. */
const WORDS = ['one', 'two', 'three'];

const stepsOf = (url: string): JsonObject[] => [
  // The address is out before the wait begins: whoever has it may answer at once.
  { id: 'link', type: 'create_task', with: { title: 'Link', description: '{{steps.ask.resumeUrl}}' } },
  {
    id: 'both',
    type: 'parallel',
    branches: [
      { name: 'held', steps: [{ id: 'hook', type: 'webhook', with: { url }, onError: 'continue' }] },
      {
        name: 'asked',
        steps: [
          { id: 'cool', type: 'delay', for: 'PT1S' },
          { id: 'ask', type: 'wait_for_webhook', expiresIn: 'PT5S', onExpiry: 'continue' },
        ],
      },
    ],
  },
  { id: 'use', type: 'create_task', with: { title: 'Used' } },
];

/** What the three senders of a run were told in the end, and whether a cancel was accepted. */
interface Told {
  answers: string[];
  cancelled: boolean;
}

/**
 * Answers against the end of their time, against a cancel, against each other, before their wait and beside a call of another
 * branch, while servers and workers are killed. Every sender sends until it is told: taken, another was first, or over.
 */
export const answers: FaultCase = {
  id: 'F16',
  title: 'answers against expiry, cancel, each other, a held run and a wait not yet begun; servers and workers killed',
  short: false,
  postgres: 'shared',
  async run(lab, scale) {
    const { runs, kills, servers, workers, lanes } = COUNTS[scale];
    const steps = stepsOf(lab.https.url);
    const workflowId = await lab.crm.publishWorkflow({ trigger: { type: 'event', module: 'leads', event: 'created' }, steps });
    const [nodes] = await Promise.all([HttpNodes.start(lab, servers), lab.fleet.startMany(workers)]);
    const told = new Map<string, Told>();
    let done = false;
    lab.onClose(async () => {
      done = true;
    });
    const killing = (async () => {
      for (let killed = 0; killed < kills && !done; killed += 1) {
        while (!done && told.size < ((killed + 0.5) * runs) / kills) await pause(20);
        if (killed % 2 === 0) {
          await (await lab.fleet.pickBusy(lab.database, lab.random)).kill();
          await lab.fleet.start();
        } else {
          await nodes.killOne(lab.random);
          await nodes.startOne();
        }
      }
    })();
    await side(
      Array.from({ length: runs }, (_, index) => index),
      lanes,
      async () => {
        const { id } = await lab.crm.createLead();
        const path = await linkOf(lab, String(id));
        // All about the beginning of the wait, in its midst, or about its end.
        const latest = lab.random.pick(MOMENTS);
        const waits = WORDS.map(() => lab.random.between(latest - SPREAD_MS, latest));
        const cancelAt = lab.random.between(0, 3) === 0 ? lab.random.between(latest - SPREAD_MS, latest) : null;
        const senders = WORDS.map(async (word, index) => {
          await pause(waits[index]);
          return send(() => ask(lab, nodes, 'POST', path, { word }), [202, 409, 410]);
        });
        const cancel = (async () => {
          if (cancelAt === null) return 0;
          await pause(cancelAt);
          const run = await lab.database.one<{ id: string }>('SELECT id FROM automation.runs WHERE record_id = $1', [String(id)]);
          return send(() => ask(lab, nodes, 'POST', `/automation/runs/${run.id}/cancel`, {}), [200, 409]);
        })();
        const [cancelled, ...codes] = await Promise.all([cancel, ...senders]);
        told.set(String(id), { answers: codes.map(String), cancelled: cancelled === 200 });
      },
    );
    done = true;
    await killing;
    const violations: string[] = [];
    const open = await lab.database.settle();
    if (open !== null) violations.push(open);
    const { found, counts } = await judge(lab, workflowId, told);
    violations.push(...found, ...lab.fleet.violations);
    return {
      ...emptyResult(),
      inflicted: kills,
      runs,
      lost: found.filter((one) => one.includes('lost')).length,
      localDuplicates: found.filter((one) => one.includes('used')).length,
      externalCalls: lab.https.arrivals.total,
      externalDuplicates: lab.https.arrivals.total - lab.https.arrivals.keys.length,
      notes: [counts],
      violations: violations.slice(0, 10),
    };
  },
};

/** The path of the URL that a step has sent out. */
function linkOf(lab: FaultLab, leadId: string): Promise<string> {
  return eventually(async () => {
    const { description } = await lab.database.one<{ description: string }>(
      `SELECT description FROM tasks WHERE title = 'Link' AND "relatedId"::text = $1`,
      [leadId],
    );
    return new URL(description).pathname;
  }, 60_000);
}

/** Sends until one of these is answered. */
async function send(once: () => Promise<number | null>, definite: readonly number[]): Promise<number> {
  for (;;) {
    const status = await once();
    if (status !== null && definite.includes(status)) return status;
    await pause(50);
  }
}

async function ask(lab: FaultLab, nodes: HttpNodes, method: string, path: string, body: object): Promise<number | null> {
  const answer = await fetch(`${nodes.pick(lab.random)}${path}`, {
    method,
    headers: { authorization: 'Bearer demo-admin', 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(ANSWER_MS),
  }).catch(() => null);
  return answer?.status ?? null;
}

interface Outcome {
  record_id: string;
  status: string;
  word: string | null;
  kept: string | null;
  expired: boolean | null;
  used: number;
}

/** What does not fit what the senders were told; and how it ended, in words. */
async function judge(lab: FaultLab, workflowId: string, told: ReadonlyMap<string, Told>): Promise<{ found: string[]; counts: string }> {
  const rows = await lab.database.query<Outcome>(
    `SELECT r.record_id, r.status, s.output->'body'->>'word' AS word, i.answer->'body'->>'word' AS kept, (s.output->>'expired')::boolean AS expired,
       (SELECT count(*)::int FROM tasks t WHERE t.title = 'Used' AND t."relatedId"::text = r.record_id) AS used
     FROM automation.runs r
     LEFT JOIN automation.step_executions s ON s.workspace_id = r.workspace_id AND s.run_id = r.id AND s.path = 'both.asked.ask'
     LEFT JOIN automation.run_inbox i ON i.workspace_id = r.workspace_id AND i.run_id = r.id
     WHERE r.workflow_id = $1`,
    [workflowId],
  );
  const found: string[] = [];
  const counts = { answered: 0, expired: 0, cancelled: 0 };
  for (const { record_id, status, word, kept, expired, used } of rows) {
    const { answers: codes, cancelled } = told.get(record_id) ?? { answers: [], cancelled: false };
    const say = (what: string): void =>
      void found.push(`${what}: ${JSON.stringify({ record_id, status, word, kept, expired, used, codes, cancelled })}`);
    const taken = codes.filter((code) => code === '202').length;
    if (taken > 1) say('several answers were taken');
    if (taken === 1 && kept !== WORDS[codes.indexOf('202')]) say('an answer that was taken is lost');
    if (codes.includes('409') && kept === null) say('a sender was told of an answer that is lost');
    if (status === 'succeeded' && kept !== null && (word !== kept || expired !== false)) say('an answer was kept and another outcome used');
    if (status === 'succeeded' && kept === null && expired !== true) say('an outcome came of nothing');
    if (used !== (status === 'succeeded' ? 1 : 0)) say('the outcome was used otherwise than once');
    if (cancelled && status !== 'cancelled') say('a cancel that was accepted is lost');
    counts[status === 'cancelled' ? 'cancelled' : kept === null ? 'expired' : 'answered'] += 1;
  }
  if (rows.length !== told.size) found.push(`${told.size - rows.length} runs are lost`);
  return { found, counts: `${counts.answered} answered, ${counts.expired} expired, ${counts.cancelled} cancelled` };
}
