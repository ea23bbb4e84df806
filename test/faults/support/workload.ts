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

/** How leads are created. */
export interface LoadOptions {
  /** Stops after so many; see also {@link Load.allow}. Default: goes on until {@link Load.stop}. */
  most?: number;
  /** So many at the same time. Default 2. */
  lanes?: number;
  /** Each lane rests so long after each lead. */
  pauseMs?: number;
}

/** Leads that are created one after the other, on several connections, whatever happens to the database. */
export class Load {
  /** Ids of leads whose commit was acknowledged: each must have its run. Others may exist, and then have one too. */
  readonly acknowledged: string[] = [];
  /** How many were refused, or never answered. */
  refused = 0;
  private begun = 0;
  private stopped = false;
  private allowed: number;
  private readonly lanes: Promise<void>[];

  private constructor(
    private readonly lab: FaultLab,
    private readonly options: LoadOptions,
    allowed: number,
  ) {
    this.allowed = allowed;
    lab.onClose(() => this.stop());
    this.lanes = Array.from({ length: options.lanes ?? 2 }, () => this.lane());
  }

  /** Starts creating leads. */
  static start(lab: FaultLab, options: LoadOptions = {}): Load {
    return new Load(lab, options, Number.POSITIVE_INFINITY);
  }

  /** Starts with nothing allowed yet: the case doles the leads out, so that all of them meet the fault. */
  static startDoled(lab: FaultLab, options: LoadOptions = {}): Load {
    return new Load(lab, options, 0);
  }

  /** Lets it go on up to so many in all. */
  allow(upTo: number): void {
    this.allowed = upTo;
  }

  /** Resolves when `most` have been created, or after {@link stop}. */
  async done(): Promise<void> {
    await Promise.all(this.lanes);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.done();
  }

  private async lane(): Promise<void> {
    const { most = Number.POSITIVE_INFINITY, pauseMs = 0 } = this.options;
    while (!this.stopped && this.begun < most) {
      if (this.begun >= this.allowed) {
        await pause(5);
        continue;
      }
      this.begun += 1;
      try {
        const { id } = await this.lab.crm.createLead({ amount: 0 });
        this.acknowledged.push(id as string);
      } catch {
        this.begun -= 1;
        this.refused += 1;
        // A refused connection fails at once: others want to get a word in.
        await pause(20);
      }
      if (pauseMs > 0) await pause(pauseMs);
    }
  }
}

/** Far sides that take their time, as real ones do: each answer comes up to so many milliseconds after the call has counted. */
export function answerSlowly({ https, smtp, random }: FaultLab, mostMs: number): void {
  const moment = (): Promise<void> => pause(random.between(0, mostMs));
  https.answer((_, response) => void moment().then(() => response.writeHead(200).end()));
  smtp.answer(moment);
}
