import { setTimeout as pause } from 'node:timers/promises';
import { TriggerUrls } from '../../../src/admin/trigger-urls.js';
import { adminOf } from '../../../src/demo/access/tokens.js';
import { emptyResult, type FaultCase } from '../support/fault-case.js';
import type { FaultLab } from '../support/fault-lab.js';
import { HttpNodes } from '../support/http-nodes.js';

const COUNTS = {
  short: { rounds: 1, deliveries: 80, servers: 2, lanes: 8 },
  long: { rounds: 15, deliveries: 4_500, servers: 3, lanes: 16 },
};
/** Deliveries are about so many people: many of them at the same time about one. */
const PEOPLE = 20;
const ANSWER_MS = 5_000;

/** Senders of webhooks as they are: each delivery has a key, and is sent again until somebody answers 202. */
class Senders {
  /** How often each delivery was answered 202. */
  readonly accepted = new Map<number, number>();
  /** How often no answer came, or one that was no. */
  refused = 0;
  private next = 0;
  private stopped = false;

  constructor(
    private readonly lab: FaultLab,
    private readonly nodes: HttpNodes,
    private readonly path: string,
    private readonly most: number,
  ) {}

  /** Sends all, so many at the same time. */
  async send(lanes: number): Promise<void> {
    this.lab.onClose(async () => {
      this.stopped = true;
    });
    await Promise.all(Array.from({ length: lanes }, () => this.lane()));
  }

  private async lane(): Promise<void> {
    while (!this.stopped && this.next < this.most) {
      const delivery = this.next;
      this.next += 1;
      while (!this.stopped && !(await this.deliver(delivery))) await pause(50);
      // Every tenth comes twice although it was answered.
      if (delivery % 10 === 0) await this.deliver(delivery);
    }
  }

  private async deliver(delivery: number): Promise<boolean> {
    const origin = this.nodes.pick(this.lab.random);
    const answer = await fetch(`${origin}${this.path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': `delivery-${delivery}` },
      body: JSON.stringify({ delivery, email: `p${delivery % PEOPLE}@lead.test` }),
      signal: AbortSignal.timeout(ANSWER_MS),
    }).catch(() => null);
    if (answer?.status === 202) this.accepted.set(delivery, (this.accepted.get(delivery) ?? 0) + 1);
    else this.refused += 1;
    return answer?.status === 202;
  }
}

/** A trigger URL under load, while servers and workers are killed and the database is stopped. */
export const triggerUrls: FaultCase = {
  id: 'F17',
  title: 'a trigger URL under load: servers and workers killed, database stopped',
  short: true,
  postgres: 'own',
  async run(lab, scale) {
    const { rounds, deliveries, servers, lanes } = COUNTS[scale];
    const id = await lab.crm.publishWorkflow({
      settings: { maxConcurrentRuns: 0 },
      trigger: {
        type: 'webhook',
        record: { module: 'leads', match: { email: '{{trigger.body.email}}' }, create: true, set: { name: 'Sender' } },
      },
      steps: [
        { id: 'task', type: 'create_task', with: { title: 'Delivery {{trigger.body.delivery}}' } },
        {
          id: 'hook',
          type: 'webhook',
          with: { url: lab.https.url },
          retry: { maxAttempts: 20, initialInterval: 'PT1S', maxInterval: 'PT1S' },
        },
      ],
    });
    const { token } = await lab.crm.context.get(TriggerUrls).rotate(id, {}, adminOf('acme'));
    const [nodes] = await Promise.all([HttpNodes.start(lab, servers), lab.fleet.startMany(2)]);
    const senders = new Senders(lab, nodes, `/automation/hooks/${token}`, deliveries);
    const sent = senders.send(lanes);
    for (let round = 1; round <= rounds; round += 1) {
      const reached = async (): Promise<void> => {
        while (senders.accepted.size < (deliveries * (round - 0.5)) / rounds) await pause(10);
      };
      await reached();
      await nodes.killOne(lab.random);
      await (await lab.fleet.pickBusy(lab.database, lab.random)).kill();
      await lab.postgres().stop('immediate');
      await pause(lab.random.between(0, 500));
      await lab.postgres().start();
      // In short, those that are left go on: starting processes is what would take the time.
      if (scale === 'long') await Promise.all([nodes.startOne(), lab.fleet.start()]);
    }
    await sent;
    const violations: string[] = [];
    const open = await lab.database.settle();
    if (open !== null) violations.push(open);
    const books = await booksOf(lab, id);
    for (let delivery = 0; delivery < deliveries; delivery += 1) {
      const found = books.get(delivery);
      if (!found) violations.push(`delivery ${delivery} was answered 202 and has no event`);
      else if (found.events !== 1 || found.runs !== 1 || found.tasks !== 1 || found.succeeded !== 1)
        violations.push(`delivery ${delivery} has ${JSON.stringify(found)}`);
    }
    const people = await lab.database.query<{ email: string; count: number }>('SELECT email, count(*)::int AS count FROM leads GROUP BY 1');
    for (const { email, count } of people) if (count !== 1) violations.push(`${count} leads of ${email} were created`);
    const lost = violations.filter((one) => one.includes('has no event')).length;
    return {
      ...emptyResult(),
      inflicted: 3 * rounds,
      runs: deliveries,
      lost,
      localDuplicates: [...books.values()].filter(({ tasks }) => tasks > 1).length,
      externalCalls: lab.https.arrivals.total,
      externalDuplicates: lab.https.arrivals.total - lab.https.arrivals.keys.length,
      notes: [`${senders.refused} deliveries were refused or not answered, and sent again; ${people.length} leads were created, each once`],
      violations: violations.slice(0, 10),
    };
  },
};

interface Found {
  events: number;
  runs: number;
  succeeded: number;
  tasks: number;
}

async function booksOf(lab: FaultLab, workflowId: string): Promise<Map<number, Found>> {
  const rows = await lab.database.query<Found & { delivery: number }>(
    `SELECT d.*, (SELECT count(*)::int FROM tasks t WHERE t.title = 'Delivery ' || d.delivery) AS tasks FROM (
       SELECT (e.trigger->'body'->>'delivery')::int AS delivery, count(DISTINCT e.id)::int AS events, count(DISTINCT r.id)::int AS runs,
         count(DISTINCT r.id) FILTER (WHERE r.status = 'succeeded')::int AS succeeded
       FROM automation.events e LEFT JOIN automation.runs r ON r.workspace_id = e.workspace_id AND r.event_id = e.id
       WHERE e.target->>'workflowId' = $1 GROUP BY 1) d`,
    [workflowId],
  );
  return new Map(rows.map(({ delivery, ...found }) => [delivery, found]));
}
