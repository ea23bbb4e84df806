import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { lookAround } from '../../src/store/outlook.js';
import { type OwnDatabase, openOwnDatabase } from './support/own-database.js';

const HOUR_MS = 3_600_000;
const inHours = (hours: number): Date => new Date(Date.now() + hours * HOUR_MS);

describe('a look around', () => {
  let own: OwnDatabase;
  beforeAll(async () => {
    own = await openOwnDatabase();
  });
  afterAll(() => own.close());

  const nextEndInHours = async (held: string[] = []): Promise<number> =>
    Math.round(((await own.transaction((manager) => lookAround(manager, held))).nextEndInMs ?? Number.NaN) / HOUR_MS);

  it('finds the first end of all waits and leases, whichever that is, and counts no lease of the caller', async () => {
    expect(await nextEndInHours()).toBeNaN();
    await own.run({ status: 'waiting', due_at: inHours(5) });
    expect(await nextEndInHours()).toBe(5);
    const leased = await own.run({ status: 'running', due_at: inHours(2) });
    expect([await nextEndInHours(), await nextEndInHours([leased])]).toEqual([2, 5]);
    await own.run({ status: 'waiting', due_at: inHours(1) });
    expect(await nextEndInHours()).toBe(1);
  });
});
