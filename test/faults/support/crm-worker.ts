import type { JsonObject } from '../../../src/index.js';
import type { LoadedProcess, WorkerLaunch } from './hot-spares.js';
import type { WorkerErrand, WorkerOrders, WorkerReport } from './worker-protocol.js';

/** What sets one worker apart from its neighbours. */
export interface WorkerOptions extends WorkerLaunch {
  /** Default: `worker-1`, `worker-2`, … */
  name?: string;
  /** Over the lab's own: `{ leaseMs: 2_000 }`. */
  worker?: WorkerOrders['worker'];
  /** Over the lab's own: another `smtpUrl`, further hosts in `outboundAllow`, a `timezone`. */
  orders?: Partial<Pick<WorkerOrders, 'databaseUrl' | 'smtpUrl' | 'outboundAllow' | 'timezone'>>;
  /** It may end by itself: the case has told it to. */
  expectedToEnd?: boolean;
}

/** How a process ended. */
export interface WorkerExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Milliseconds since it was asked to end; 0 when nobody had asked. */
  ms: number;
}

/** A worker process of the demo CRM. */
export class CrmWorker {
  /** Settles when the process is gone. */
  readonly exited: Promise<WorkerExit>;
  readonly violations: string[] = [];
  readonly pid: number;
  private askedAt: number | null = null;
  private gone: WorkerExit | null = null;
  private errands = 0;

  constructor(
    readonly name: string,
    private readonly loaded: LoadedProcess,
    private readonly expectedToEnd: boolean,
    onGone: () => void,
  ) {
    const { child } = loaded;
    this.pid = child.pid as number;
    this.exited = new Promise((done) => {
      const ended = (code: number | null, signal: NodeJS.Signals | null): void => {
        this.gone = { code, signal, ms: this.askedAt === null ? 0 : performance.now() - this.askedAt };
        if (this.askedAt === null && !expectedToEnd)
          this.violations.push(`${name} ended by itself with ${code ?? signal}: ${loaded.said()}`);
        onGone();
        done(this.gone);
      };
      if (child.exitCode !== null || child.signalCode !== null) ended(child.exitCode, child.signalCode);
      else child.once('exit', ended);
    });
    child.on('message', (report: WorkerReport) => {
      if (report.kind === 'unhandled') this.violations.push(`${name}: nobody handled ${report.what}`);
    });
  }

  get alive(): boolean {
    return this.gone === null;
  }

  /** The end of what it said on stderr: the warnings and errors of its log. */
  get said(): string {
    return this.loaded.said();
  }

  /** Sends the orders; resolves when it works. */
  async begin(orders: WorkerOrders): Promise<void> {
    const { child } = this.loaded;
    const ready = new Promise<'ready'>((done) => {
      child.on('message', (report: WorkerReport) => {
        if (report.kind === 'ready') done('ready');
      });
    });
    if (this.alive) child.send(orders);
    const outcome = await Promise.race([ready, this.exited]);
    // Ended on the case's own wish: that is for the case to know.
    if (outcome !== 'ready' && this.askedAt === null && !this.expectedToEnd) throw new Error(`${this.name} did not start: ${this.said}`);
  }

  /** Has it create and publish a workflow; resolves with its id. */
  publishWorkflow(definition: JsonObject): Promise<string> {
    return this.send({ publishWorkflow: definition });
  }

  /** Has it create a lead in a transaction of its own, which publishes `leads.created`. Rejects when that may not have committed. */
  createLead(values: JsonObject): Promise<string> {
    return this.send({ createLead: values });
  }

  /** SIGKILL. */
  kill(): Promise<WorkerExit> {
    return this.endBy('SIGKILL');
  }

  /** SIGTERM; the answer tells how long it took. */
  term(): Promise<WorkerExit> {
    return this.endBy('SIGTERM');
  }

  /** SIGSTOP: it stands still and keeps its connections. */
  stop(): void {
    this.loaded.child.kill('SIGSTOP');
  }

  /** SIGCONT: it goes on as if nothing had happened. */
  cont(): void {
    this.loaded.child.kill('SIGCONT');
  }

  private async send(what: { publishWorkflow: JsonObject } | { createLead: JsonObject }): Promise<string> {
    const { child } = this.loaded;
    this.errands += 1;
    const errand: WorkerErrand = { errand: this.errands, ...what };
    const outcome = new Promise<string>((done, failed) => {
      const hear = (report: WorkerReport): void => {
        if (!('errand' in report) || report.errand !== errand.errand) return;
        child.off('message', hear);
        if (report.kind === 'done') done(report.id);
        else failed(new Error(`${this.name}: ${report.why}`));
      };
      child.on('message', hear);
    });
    // A message that does not arrive needs no answer: the process is gone, and that is what the caller hears of.
    if (child.connected) child.send(errand, () => undefined);
    return Promise.race([outcome, this.exited.then(() => Promise.reject(new Error(`${this.name} has ended`)))]);
  }

  private endBy(signal: 'SIGKILL' | 'SIGTERM'): Promise<WorkerExit> {
    if (this.alive) {
      this.askedAt ??= performance.now();
      this.loaded.child.kill(signal);
    }
    return this.exited;
  }
}
