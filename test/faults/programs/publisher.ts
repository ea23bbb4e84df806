import 'reflect-metadata';
import { randomBytes, randomUUID } from 'node:crypto';
import { NestFactory } from '@nestjs/core';
import pg from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import { demoModule } from '../../../src/demo/demo.module.js';
import { MailServers } from '../../../src/demo/mail/mail-servers.js';
import { Automation } from '../../../src/index.js';

/**
 * A CRM process that does nothing but create leads in transactions that publish their events, on several connections at
 * once, some of which it rolls back; until it kills itself (SIGKILL) where DIE says, at the transaction DIE_AT. It tells
 * its parent about each commit that was acknowledged.
 */
const PUBLISH = /^\s*INSERT INTO automation\.events/;
/** Which statement, and whether the process dies before sending it, right after sending it, or at its answer. */
const DEATHS: Record<string, { at: RegExp; when: 'before' | 'sent' | 'answered' }> = {
  'before publish': { at: PUBLISH, when: 'before' },
  'in publish': { at: PUBLISH, when: 'sent' },
  'after publish': { at: PUBLISH, when: 'answered' },
  'before COMMIT': { at: /^COMMIT/, when: 'before' },
  'in COMMIT': { at: /^COMMIT/, when: 'sent' },
  'after COMMIT': { at: /^COMMIT/, when: 'answered' },
};
const LANES = 6;
const ROLLED_BACK = new Error('rolled back on purpose');

const death = DEATHS[process.env.DIE ?? ''];
if (death === undefined) throw new Error(`DIE must be one of ${Object.keys(DEATHS).join(', ')}.`);
const settings = {
  databaseUrl: process.env.DATABASE_URL ?? '',
  origin: 'http://127.0.0.1:1',
  sinkSecret: `whsec_${randomBytes(32).toString('base64')}`,
  worker: { enabled: false },
};
const context = await NestFactory.createApplicationContext(demoModule(settings, await MailServers.start()), {
  abortOnError: false,
  logger: ['error', 'fatal'],
});
const source = context.get(DataSource);
const automation = context.get(Automation);

async function createLead(manager: EntityManager, name: string): Promise<string> {
  const id = randomUUID();
  await manager.query(`INSERT INTO leads (id, "workspaceId", name) VALUES ($1, 'acme', $2)`, [id, name]);
  await automation.publish({ workspaceId: 'acme', module: 'leads', event: 'created', record: { id, name } }, manager);
  return id;
}

/** One after the other: two of three commit; in every third something is undone, all of it or what a savepoint covers. */
async function lane(): Promise<never> {
  for (let number = 0; ; number += 1) {
    const undone = number % 6 === 2 ? 'all' : number % 6 === 5 ? 'inner' : 'nothing';
    try {
      const id = await source.transaction(async (manager) => {
        const kept = await createLead(manager, 'kept');
        if (undone === 'all') throw ROLLED_BACK;
        if (undone === 'inner') await manager.transaction((inner) => undo(inner)).catch(expected);
        return kept;
      });
      process.send?.({ kind: 'committed', id });
      if (undone === 'inner') process.send?.({ kind: 'rolled back' });
    } catch (error) {
      expected(error);
      process.send?.({ kind: 'rolled back' });
    }
  }
}

async function undo(manager: EntityManager): Promise<never> {
  await createLead(manager, 'undone');
  throw ROLLED_BACK;
}

function expected(error: unknown): void {
  if (error !== ROLLED_BACK) throw error;
}

const dieAt = Number(process.env.DIE_AT);
const die = (): never => {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('unreachable: the process is dead');
};
let met = 0;
const client = pg.Client.prototype as unknown as { query: (...args: unknown[]) => unknown };
const query = client.query;
client.query = function dying(this: unknown, ...args: unknown[]) {
  const [statement] = args;
  const text = typeof statement === 'string' ? statement : ((statement as { text?: string }).text ?? '');
  if (death.at.test(text)) met += 1;
  if (!death.at.test(text) || met !== dieAt) return query.apply(this, args);
  if (death.when === 'before') die();
  if (death.when === 'answered') {
    // Before anybody else hears of it. The listener comes first: pg tells its callers in later ticks.
    (this as { once(event: 'drain', listener: () => void): void }).once('drain', die);
    return query.apply(this, args);
  }
  query.apply(this, args);
  return die();
};
process.send?.({ kind: 'ready' });
// Without its parent nobody counts what it does.
process.on('disconnect', () => process.exit(71));
await Promise.all(Array.from({ length: LANES }, lane));
