import { jest } from '@jest/globals';
import type { EntityManager } from 'typeorm';
import { AutomationDatabase } from '../../../src/store/database.js';
import type { AutomationApp } from '../../support/automation-app.js';
import { later } from './far-side.js';

type Work = (manager: EntityManager) => Promise<unknown>;

/**
 * Puts `around` in the place of every transaction of the app's own database until mocks are restored. It is given the work
 * and the real thing, which transaction it is, from 1, and what it begins with.
 */
export function aroundTransactions(
  app: AutomationApp,
  around: (real: (work: Work) => Promise<unknown>, work: Work, nth: number, settings: string | undefined) => Promise<unknown>,
): void {
  const database = app.module.get(AutomationDatabase);
  const real = database.transaction.bind(database) as (work: Work, settings?: string) => Promise<unknown>;
  let nth = 0;
  jest.spyOn(database, 'transaction').mockImplementation(((work: Work, settings?: string) => {
    nth += 1;
    return around((of) => real(of, settings), work, nth, settings);
  }) as never);
}

/** What pg says when a connection goes away. */
export const connectionLoss = (): Error => new Error('Connection terminated unexpectedly');

/** Holds the next transaction of the app open (or the one after so many), all its work done, until it is let go. */
export function holdCommit(app: AutomationApp, which = 1): { reached: Promise<void>; letGo(): void } {
  const reached = later();
  const commit = later();
  aroundTransactions(app, (real, work, nth) => {
    if (nth !== which) return real(work);
    return real(async (manager) => {
      const result = await work(manager);
      reached.resolve();
      await commit.promise;
      return result;
    });
  });
  return { reached: reached.promise, letGo: commit.resolve };
}

/** What comes first: `work` ends, or somebody waits for an advisory lock. */
export function endsOrWaits(app: AutomationApp, work: Promise<unknown>): Promise<'ends' | 'waits'> {
  let isOver = false;
  const ends = work.then(() => {
    isOver = true;
    return 'ends' as const;
  });
  const waits = app.eventually(async () => {
    if (isOver) return;
    const [row] = await app.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
    if (row?.count === 0) throw new Error('nobody waits');
  });
  return Promise.race([ends, waits.then(() => (isOver ? 'ends' : 'waits') as 'ends' | 'waits')]);
}
