import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { MachineService } from '../../src/admin/machine-service.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { newWorld, play, RECORDS, rounds, WORKER } from './machine-model/commands.js';
import { MACHINE } from './machine-model/model.js';

/** Thousands of them by `MACHINE_SEQUENCES=2000 npm test -- test/faults/machine-model.test.ts`; MACHINE_SEED repeats them. */
const GROUPS = Math.ceil(Number(process.env.MACHINE_SEQUENCES ?? RECORDS) / RECORDS);
const SEED = process.env.MACHINE_SEED;
jest.setTimeout(120_000 + GROUPS * 60_000);

let app: AutomationApp;
beforeAll(async () => {
  app = await startAutomationApp({ worker: WORKER });
});
afterAll(() => app?.close());

it('keeps instances where a simple model has them, whatever comes in whatever order, and whoever dies meanwhile', async () => {
  const machines = app.module.get(MachineService);
  const { id } = await machines.create({ code: 'model', definition: { for: { module: 'leads' }, ...MACHINE } as never }, ADMIN);
  await machines.publish(id, ADMIN);
  const began = performance.now();
  const counts = { groups: 0, deaths: 0 };
  const property = fc.asyncProperty(rounds, async (played) => {
    const world = await newWorld(app, id);
    await play(world, played);
    counts.groups += 1;
    counts.deaths += world.deaths;
  });
  // Without shrinking: what a group has in common with the next one is the database.
  await fc.assert(property, { numRuns: GROUPS, endOnFailure: true, ...(SEED !== undefined && { seed: Number(SEED) }) });
  expect(counts.groups).toBe(GROUPS);
  if (process.env.MACHINE_SEQUENCES === undefined) return;
  const seconds = ((performance.now() - began) / 1_000).toFixed(0);
  console.log(`${GROUPS * RECORDS} sequences, ${counts.deaths} deaths, ${seconds} s`);
});
