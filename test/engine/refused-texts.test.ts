import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RunBatches } from '../../src/admin/run-batches.js';
import { RunService } from '../../src/admin/run-service.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';

const HALF = '\ud800';
const DEFINITION = { trigger: { type: 'event', module: 'leads', event: 'created' }, steps: [] };

describe('what Postgres cannot store, given to the services in process', () => {
  let app: AutomationApp;
  let workflowId: string;
  let runs: RunService;
  beforeAll(async () => {
    app = await startAutomationApp();
    runs = app.module.get(RunService);
    workflowId = (await app.workflows.create({ name: 'Fine', definition: DEFINITION }, ADMIN)).id;
  });
  afterAll(() => app.close());

  it.each<[string, () => Promise<unknown>, string]>([
    ['the name of a new workflow', () => app.workflows.create({ name: 'a\0', definition: DEFINITION }, ADMIN), 'name'],
    ['a description', () => app.workflows.create({ name: 'a', description: HALF, definition: DEFINITION }, ADMIN), 'description'],
    [
      'a text of a definition',
      () => app.workflows.create({ name: 'a', definition: { ...DEFINITION, x: ['\0'] } }, ADMIN),
      'definition.x[0]',
    ],
    ['an edited code', () => app.workflows.update(workflowId, { revision: 1, code: 'a\0' }, ADMIN), 'code'],
    ['the reason of a retry', () => runs.retry(workflowId, { from: 'start', reason: HALF }, ADMIN), 'reason'],
    ['the reason of many', () => app.module.get(RunBatches).retry({}, { from: 'start', reason: 'a\0' }, ADMIN), 'command.reason'],
    ['the reason of a cancellation', () => runs.cancel(workflowId, 'a\0', ADMIN), 'reason'],
  ])('is refused with its path: %s', async (_, call, path) => {
    await expect(call()).rejects.toMatchObject({ code: 'invalid_request', problems: [{ path }] });
  });
});
