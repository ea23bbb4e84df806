import { describe, expect, it } from '@jest/globals';
import { isConnectionLoss, sqlState } from '../../src/host/postgres-errors.js';

/** An error as TypeORM hands it on: the driver's inside, more than once where a transaction failed too. */
function wrapped(driverError: Error, times: number): Error {
  let error = driverError;
  for (let depth = 0; depth < times; depth += 1) error = Object.assign(new Error('QueryFailedError'), { driverError: error });
  return error;
}
const coded = (code: string): Error => Object.assign(new Error('the driver said so'), { code });

describe('an error of the database', () => {
  it.each<[string, Error, boolean]>([
    ['a connection that the server closed', coded('08006'), true],
    ['a server that shuts down', coded('57P01'), true],
    ['a transaction that was idle for too long', coded('25P03'), true],
    ['a socket that was reset', coded('ECONNRESET'), true],
    ['a broken pipe', coded('EPIPE'), true],
    ['a name server without an answer', coded('EAI_AGAIN'), true],
    ['a message of the driver', new Error('Connection terminated unexpectedly'), true],
    ['a pool without a connection', new Error('timeout exceeded when trying to connect'), true],
    ['a client that is in use no more', new Error('Client was closed and is not queryable'), true],
    ['a refused statement', coded('23505'), false],
    ['a statement that was canceled', coded('57014'), false],
    ['a missing file', coded('ENOENT'), false],
    ['a code that is none', Object.assign(new Error('no'), { code: 5 }), false],
    ['anything else', new Error('no'), false],
  ])('tells a lost connection from a refused statement, however deep it is wrapped: %s', (_, error, isLoss) => {
    for (const times of [0, 1, 2]) expect(isConnectionLoss(wrapped(error, times))).toBe(isLoss);
    expect(isConnectionLoss(new Error('the work failed', { cause: error }))).toBe(isLoss);
  });

  it.each([
    ['40P01', '40P01'],
    ['57014', '57014'],
    ['EPIPE', null],
    ['23', null],
  ])('has a state of its own: %s → %s', (code, state) => {
    for (const times of [0, 1, 2]) expect(sqlState(wrapped(coded(code), times))).toBe(state);
  });

  it('is none where nothing was thrown that is an error', () => {
    for (const thrown of [null, undefined, '57P01', { code: '57P01' }]) {
      expect([sqlState(thrown), isConnectionLoss(thrown)]).toEqual([null, false]);
    }
  });
});
