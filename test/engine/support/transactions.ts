import { jest } from '@jest/globals';
import type { EntityManager } from 'typeorm';
import { AutomationDatabase } from '../../../src/store/database.js';
import type { AutomationApp } from '../../support/automation-app.js';

type Work = (manager: EntityManager) => Promise<unknown>;

/**
 * Puts `around` in the place of every transaction of the app's own database until mocks are restored. It is given the work
 * and the real thing, and which transaction it is, from 1.
 */
export function aroundTransactions(
  app: AutomationApp,
  around: (real: (work: Work) => Promise<unknown>, work: Work, nth: number) => Promise<unknown>,
): void {
  const database = app.module.get(AutomationDatabase);
  const real = database.transaction.bind(database) as (work: Work) => Promise<unknown>;
  let nth = 0;
  jest.spyOn(database, 'transaction').mockImplementation(((work: Work) => {
    nth += 1;
    return around(real, work, nth);
  }) as never);
}

/** What pg says when a connection goes away. */
export const connectionLoss = (): Error => new Error('Connection terminated unexpectedly');
