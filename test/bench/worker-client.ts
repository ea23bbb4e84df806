import { type ChildProcess, fork } from 'node:child_process';
import type { FromWorker, WorkerMemory } from './worker-process.js';

type Message<Kind extends FromWorker['kind']> = Extract<FromWorker, { kind: Kind }>;

/** Another process that routes and runs what is due on a database. */
export class WorkerProcess {
  private constructor(private readonly child: ChildProcess) {}

  /** Resolves when it works. `report`: it tells of finished runs on records whose ids begin like that. */
  static async start(url: string, { report }: { report?: string } = {}): Promise<WorkerProcess> {
    const child = fork(new URL('./worker-process.js', import.meta.url), report === undefined ? [url] : [url, report], {
      execArgv: ['--expose-gc'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const worker = new WorkerProcess(child);
    await worker.next('ready');
    return worker;
  }

  /** The next finished run; ask before it can have finished. */
  finished(): Promise<Message<'finished'>> {
    return this.next('finished');
  }

  /** What it uses now; `collect`: after a garbage collection. */
  memory({ collect = false } = {}): Promise<WorkerMemory> {
    const answer = this.next('memory');
    this.child.send({ kind: 'memory', collect });
    return answer;
  }

  /** Lets it finish what it has begun, and waits for its end. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.disconnect();
    await ended;
  }

  private next<Kind extends FromWorker['kind']>(kind: Kind): Promise<Message<Kind>> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        this.child.off('message', onMessage);
        this.child.off('exit', onExit);
      };
      const onMessage = (message: unknown): void => {
        if ((message as FromWorker).kind !== kind) return;
        stop();
        resolve(message as Message<Kind>);
      };
      const onExit = (code: number | null, signal: string | null): void => {
        stop();
        reject(new Error(`a worker process ended with ${code ?? signal}; its output above says why`));
      };
      this.child.on('message', onMessage);
      this.child.on('exit', onExit);
    });
  }
}
