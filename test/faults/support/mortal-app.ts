import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { AutomationOptions } from '../../../src/automation.options.js';
import { AutomationEngine } from '../../../src/engine/automation-engine.js';
import { type AutomationApp, startAutomationApp } from '../../support/automation-app.js';
import { leavesNoTrace } from './traces.js';

/** What a process leaves behind of a client of the driver. */
interface Client {
  connectionParameters: { options?: string };
  connection: { stream: NodeJS.EventEmitter & { destroy(): void }; removeAllListeners(): void };
}

/** An app of this process that may die alone. */
interface Mortal {
  clients: Set<Client>;
  isDead: boolean;
  /** Which of the statements that leave a trace are counted. */
  among: RegExp;
  /** Called with each statement that leaves a trace. */
  onStatement(): void;
}

/** By the mark that its connections carry, for life and after. */
const mortals = new Map<string, Mortal>();
/** Never resolves. Each a promise of its own: one for all would keep every caller that ever waited. */
const never = (): Promise<never> => new Promise(() => undefined);

const prototype = pg.Client.prototype as unknown as Record<'connect' | 'query', (...args: unknown[]) => unknown>;
const { connect, query } = prototype;
prototype.connect = function connecting(this: Client, ...args: unknown[]) {
  const mortal = mortals.get(this.connectionParameters.options ?? '');
  mortal?.clients.add(this);
  return mortal?.isDead ? never() : connect.apply(this, args);
};
prototype.query = function counting(this: Client, ...args: unknown[]) {
  const mortal = mortals.get(this.connectionParameters.options ?? '');
  const [given] = args as [string | { text?: string } | undefined];
  const text = (typeof given === 'string' ? given : given?.text) ?? '';
  if (mortal?.among.test(text) && !leavesNoTrace(text)) mortal.onStatement();
  return mortal?.isDead ? never() : query.apply(this, args);
};

/**
 * Routes and runs what is due, or does what it is told to, as another process would, and dies in the place of the statement of that number, counted as
 * `programs/worker.js` counts. Returns whether it died. What the database notices is what it notices of SIGKILL: all
 * connections end without a word, and nothing is ever heard of it again. A process of its own would take ten times the
 * processor, to load.
 */
export async function workUntilDeath(
  databaseUrl: string,
  dieAt: number,
  {
    options,
    among = /^/,
    work = (app) => app.automation.drain(),
  }: { options?: Partial<AutomationOptions>; among?: RegExp; work?: (app: AutomationApp) => Promise<unknown> } = {},
): Promise<boolean> {
  const mark = `-c faults.worker=${randomUUID()}`;
  const url = new URL(databaseUrl);
  url.searchParams.set('options', mark);
  const mortal: Mortal = { clients: new Set(), isDead: false, among, onStatement: () => undefined };
  mortals.set(mark, mortal);
  const app = await startAutomationApp(
    { worker: { enabled: false, shutdownGraceMs: 1 }, ...options },
    { database: { url: url.href, drop: async () => undefined } },
  );
  const death = new Promise<'dead'>((resolve) => {
    let statements = 0;
    mortal.onStatement = () => {
      statements += 1;
      if (statements !== dieAt) return;
      mortal.isDead = true;
      for (const { connection } of mortal.clients) {
        // Nobody who waits for an answer hears of the end.
        connection.removeAllListeners();
        connection.stream.removeAllListeners();
        connection.stream.destroy();
      }
      resolve('dead');
    };
  });
  const isDead = (await Promise.race([work(app), death])) === 'dead';
  mortal.onStatement = () => undefined;
  if (isDead) {
    // Its timers would keep it in memory. Whatever it still wants to do, nobody hears of it.
    void app.module.get(AutomationEngine).stop();
    app.forget();
    mortal.clients.clear();
    return true;
  }
  await app.close();
  return false;
}
