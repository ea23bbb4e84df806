import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { FAULT_CASES } from './cases/index.js';
import { FaultRun, obstacleOf } from './support/fault-run.js';

// Processes are started and killed: on a machine that is busy with other things each case takes ten times as long.
jest.setTimeout(300_000);

const seed = Number(process.env.FAULTS_SEED ?? randomInt(2 ** 32));
/** A server that the user has named is not ours to stop. */
const ownServers = !process.env.DATABASE_URL;

/** The long form, with all cases and counts: `npm run test:faults`. */
describe(`under faults, in short (FAULTS_SEED=${seed})`, () => {
  let run: FaultRun;
  beforeAll(async () => {
    run = await FaultRun.open({ seed, scale: 'short', ownServers, serverUrl: process.env.TEST_DATABASE_URL as string });
  });
  afterAll(() => run.close());

  for (const one of FAULT_CASES.filter(({ short }) => short)) {
    const obstacle = obstacleOf(one, ownServers);
    const test = obstacle === null ? it : it.skip;
    test(`${one.id}: ${one.title}${obstacle === null ? '' : ` (skipped: ${obstacle})`}`, async () => {
      const outcome = await run.run(one);
      expect(outcome).toMatchObject({ kind: 'ran', result: { violations: [] } });
    });
  }
});
