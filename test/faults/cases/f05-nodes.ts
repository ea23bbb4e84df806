import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { projectRoot } from '../../../src/demo/project-root.js';
import type { FaultLab } from '../support/fault-lab.js';

const PROGRAM = join(projectRoot(), 'dist-programs/test/faults/programs/crm-node.js');

/** What a node answered: the body of a success, or the stable code of a refusal. */
export interface Answer {
  status: number;
  /** `ok`, or the error's code. */
  code: string;
  body: Record<string, unknown>;
}

/** Several whole CRM processes on one database, asked by the admin API. */
export class Nodes {
  private constructor(private readonly origins: readonly string[]) {}

  /** Starts so many, uses them and kills them. */
  static async use<T>(lab: FaultLab, count: number, work: (nodes: Nodes) => Promise<T>): Promise<T> {
    const children = Array.from({ length: count }, (_, index) =>
      fork(PROGRAM, {
        env: { ...process.env, DATABASE_URL: lab.database.url, NODE_NAME: `node-${index + 1}` },
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      }),
    );
    try {
      return await work(new Nodes(await Promise.all(children.map(originOf))));
    } finally {
      await Promise.all(children.map(end));
    }
  }

  get count(): number {
    return this.origins.length;
  }

  /** Asks one node. */
  async ask(node: number, method: string, path: string, body?: object): Promise<Answer> {
    const response = await fetch(`${this.origins[node % this.count]}/automation/${path}`, {
      method,
      headers: { authorization: 'Bearer demo-admin', 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as Record<string, unknown>;
    return { status: response.status, code: response.ok ? 'ok' : String(answer.code), body: answer };
  }

  /** Asks all of them the same at the same moment. */
  askAll(method: string, path: string, body?: object): Promise<Answer[]> {
    return Promise.all(this.origins.map((_, node) => this.ask(node, method, path, body)));
  }
}

async function originOf(child: ChildProcess): Promise<string> {
  return new Promise((done, failed) => {
    child.once('message', (report: { origin: string }) => done(report.origin));
    child.once('exit', (code, signal) => failed(new Error(`A node ended with ${code ?? signal} while it started.`)));
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

/** How often each code was answered, in words. */
export function tally(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { code } of answers) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}

/** Does the work for each item, so many at the same time. */
export async function side<T>(items: readonly T[], atOnce: number, work: (item: T, index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const index = next;
      next += 1;
      await work(items[index] as T, index);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}
