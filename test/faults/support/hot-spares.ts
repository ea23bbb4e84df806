import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { projectRoot } from '../../../src/demo/project-root.js';
import type { WorkerReport } from './worker-protocol.js';

/** How a worker process is started. */
export interface WorkerLaunch {
  /** Beside the environment of this process. */
  env?: Record<string, string>;
  /** Options of Node itself, such as `--import`. */
  execArgv?: string[];
  /** Another release's program in the place of ours; it speaks the same protocol. */
  program?: string;
}

/** A worker process that has loaded its code, and the end of what it says on stderr. */
export interface LoadedProcess {
  child: ChildProcess;
  said(): string;
}

const PROGRAM = join(projectRoot(), 'dist-programs/test/faults/programs/crm-worker.js');

/**
 * Worker processes that are loaded and wait for orders. Loading takes most of a second of CPU; a fleet that replaces a
 * killed worker must not wait for it.
 */
export class HotSpares {
  private readonly waiting: Promise<LoadedProcess>[] = [];
  private readonly alive = new Set<ChildProcess>();
  private readonly onExit = (): void => {
    for (const child of this.alive) child.kill('SIGKILL');
  };
  private closed = false;

  /** `caFile`: certificates that the workers trust beside the well-known ones. */
  constructor(private readonly caFile: string) {
    // Also when this process ends in the middle of a case: a stopped (SIGSTOP) worker would not notice.
    process.once('exit', this.onExit);
  }

  /** Starts loading so many ahead. */
  prepare(count: number): void {
    while (!this.closed && this.waiting.length < count) {
      const loading = load({}, this.caFile, this.alive);
      // Whoever takes it hears of the failure; until then it is nobody's.
      loading.catch(() => undefined);
      this.waiting.push(loading);
    }
  }

  /** A process that waits for orders: one of those prepared, when it needs nothing special. */
  async take(launch: WorkerLaunch = {}): Promise<LoadedProcess> {
    const special = launch.env !== undefined || launch.execArgv !== undefined || launch.program !== undefined;
    const prepared = special ? undefined : this.waiting.shift();
    return prepared ?? load(launch, this.caFile, this.alive);
  }

  async close(): Promise<void> {
    this.closed = true;
    process.off('exit', this.onExit);
    const ends = [...this.alive].map((child) => once(child, 'exit'));
    this.onExit();
    await Promise.all(ends);
  }
}

async function load(launch: WorkerLaunch, caFile: string, alive: Set<ChildProcess>): Promise<LoadedProcess> {
  const child = fork(launch.program ?? PROGRAM, {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: caFile, ...launch.env },
    execArgv: launch.execArgv ?? [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  alive.add(child);
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    said = (said + chunk).slice(-4096);
  });
  await new Promise<void>((done, failed) => {
    child.once('error', failed);
    child.once('exit', (code, signal) => {
      alive.delete(child);
      failed(new Error(`a worker ended with ${code ?? signal} while it loaded: ${said}`));
    });
    child.on('message', (report: WorkerReport) => {
      if (report.kind === 'loaded') done();
    });
  });
  return { child, said: () => said };
}
