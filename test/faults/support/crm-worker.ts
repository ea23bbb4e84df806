import type { LoadedProcess, WorkerLaunch } from './hot-spares.js';
import type { WorkerOrders, WorkerReport } from './worker-protocol.js';

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

  private endBy(signal: 'SIGKILL' | 'SIGTERM'): Promise<WorkerExit> {
    if (this.alive) {
      this.askedAt ??= performance.now();
      this.loaded.child.kill(signal);
    }
    return this.exited;
  }
}
