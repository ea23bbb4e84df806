import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { projectRoot } from '../../../src/demo/project-root.js';
import type { FaultLab } from './fault-lab.js';
import type { SeededRandom } from './seeded-random.js';

const PROGRAM = join(projectRoot(), 'dist-programs/test/faults/programs/crm-node.js');

/** Processes of the demo CRM that take requests and do no work: the servers of a case. */
export class HttpNodes {
  private readonly alive = new Map<ChildProcess, string>();
  private started = 0;

  private constructor(private readonly lab: FaultLab) {
    lab.onClose(() => this.killAll());
  }

  /** Starts so many at the same time. */
  static async start(lab: FaultLab, count: number): Promise<HttpNodes> {
    const nodes = new HttpNodes(lab);
    await Promise.all(Array.from({ length: count }, () => nodes.startOne()));
    return nodes;
  }

  /** Resolves when it answers. */
  async startOne(): Promise<void> {
    this.started += 1;
    const child = fork(PROGRAM, {
      env: { ...process.env, DATABASE_URL: this.lab.database.url, NODE_NAME: `server-${this.started}`, NODE_WORKS: 'no' },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    child.once('exit', () => this.alive.delete(child));
    this.alive.set(child, '');
    const origin = await new Promise<string>((done, failed) => {
      child.once('message', (report: { origin: string }) => done(report.origin));
      child.once('exit', (code, signal) => failed(new Error(`A server ended with ${code ?? signal} while it started.`)));
    });
    this.alive.set(child, origin);
  }

  /** The address of one of those that answer. */
  pick(random: SeededRandom): string | undefined {
    const origins = [...this.alive.values()].filter((origin) => origin !== '');
    return origins.length === 0 ? undefined : random.pick(origins);
  }

  /** SIGKILL of one of them. */
  async killOne(random: SeededRandom): Promise<void> {
    await kill(random.pick([...this.alive.keys()]));
  }

  private async killAll(): Promise<void> {
    await Promise.all([...this.alive.keys()].map(kill));
  }
}

async function kill(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}
