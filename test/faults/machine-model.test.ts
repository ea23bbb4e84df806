import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { machinesOf } from '../engine/support/machines.js';
import { type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { commands, finish, newWorld } from './machine-model/commands.js';
import { MACHINE } from './machine-model/model.js';

/** Thousands of them by `MACHINE_SEQUENCES=2000 npm test -- test/faults/machine-model.test.ts`. */
const SEQUENCES = Number(process.env.MACHINE_SEQUENCES ?? 12);
jest.setTimeout(120_000 + SEQUENCES * 10_000);

let app: AutomationApp;
beforeAll(async () => {
  app = await startAutomationApp();
});
afterAll(() => app?.close());

it('keeps instances where a simple model has them, whatever comes in whatever order, and whoever dies meanwhile', async () => {
  const machineId = await machinesOf(app).publish(MACHINE);
  let sequences = 0;
  await fc.assert(
    fc.asyncProperty(commands, async (sequence) => {
      const world = await newWorld(app, machineId);
      await fc.asyncModelRun(() => world, sequence);
      await finish(world);
      sequences += 1;
    }),
    { numRuns: SEQUENCES, endOnFailure: true },
  );
  expect(sequences).toBe(SEQUENCES);
});
