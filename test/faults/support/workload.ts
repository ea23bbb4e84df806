import { setTimeout as pause } from 'node:timers/promises';
import type { JsonObject } from '../../../src/index.js';
import type { FaultLab } from './fault-lab.js';

/** Tried again soon and often: what is tested is what a fault does to a step, not how long a pause is. */
const PATIENT = { maxAttempts: 20, initialInterval: 'PT1S', maxInterval: 'PT1S' };

/** The workflow under most faults: two local effects that can be counted, and two calls to the outside, in turns. */
export function fourSteps(lab: FaultLab): JsonObject {
  return {
    trigger: { type: 'event', module: 'leads', event: 'created' },
    steps: [
      { id: 'task', type: 'create_task', with: { title: 'Call {{record.name}}' } },
      { id: 'hook', type: 'webhook', with: { url: lab.https.url, body: { lead: '{{record.id}}' } }, retry: PATIENT },
      { id: 'count', type: 'change_field', with: { field: 'amount', increment: 1 } },
      { id: 'mail', type: 'send_email', with: { to: '{{record.email}}', subject: 'Hello', text: 'Welcome' }, retry: PATIENT },
    ],
  };
}

/** Leads that are created one after the other, on several connections, whatever happens to the database. */
export class Load {
  /** Ids of leads whose commit was acknowledged: each must have its run. Others may exist, and then have one too. */
  readonly acknowledged: string[] = [];
  /** How many were refused, or never answered. */
  refused = 0;
  private stopped = false;
  private readonly lanes: Promise<void>[];

  private constructor(
    private readonly lab: FaultLab,
    private readonly most: number,
    lanes: number,
    private readonly pauseMs: number,
  ) {
    this.lanes = Array.from({ length: lanes }, () => this.lane());
  }

  /** Starts creating leads: at most so many, each lane pausing in between. */
  static start(lab: FaultLab, options: { most?: number; lanes?: number; pauseMs?: number } = {}): Load {
    return new Load(lab, options.most ?? Number.POSITIVE_INFINITY, options.lanes ?? 2, options.pauseMs ?? 0);
  }

  /** Resolves when all have been created, or after {@link stop}. */
  async done(): Promise<void> {
    await Promise.all(this.lanes);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.done();
  }

  private async lane(): Promise<void> {
    while (!this.stopped && this.acknowledged.length < this.most) {
      try {
        const { id } = await this.lab.crm.createLead({ amount: 0 });
        this.acknowledged.push(id as string);
      } catch {
        this.refused += 1;
        // A refused connection fails at once: others want to get a word in.
        await pause(20);
      }
      if (this.pauseMs > 0) await pause(this.pauseMs);
    }
  }
}
