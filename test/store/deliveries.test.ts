import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { type AskedDelivery, takeDeliveries } from '../../src/store/deliveries.js';
import { type AutomationApp, startAutomationApp } from '../support/automation-app.js';

let app: AutomationApp;
beforeAll(async () => {
  app = await startAutomationApp();
});
afterAll(() => app.close());

const delivery = (key: string): AskedDelivery => ({
  // Each is counted in a row of its own.
  hash: key.repeat(64),
  known: null,
  from: null,
  row: {
    id: uuidv7(),
    workspaceId: 'acme',
    module: null,
    event: 'webhook',
    recordId: null,
    record: null,
    previous: null,
    changes: null,
    actor: { type: 'system', id: null, name: 'Trigger URL' },
    cause: null,
    source: 'webhook',
    key,
    trigger: { type: 'webhook', body: {}, headers: {}, query: {} },
    target: { workflowId: uuidv7() },
    parent: null,
    error: null,
  },
});
const LIMITS = { perMinute: 10, workspacePerMinute: 10 };

it('are captured when another node takes the same keys in another order', async () => {
  const [first, second, third] = [delivery('a'), delivery('b'), delivery('c')];
  const other = app.source.createQueryRunner();
  await other.startTransaction();
  // Whoever waited first is the one that Postgres gives up.
  await other.query(`SET LOCAL deadlock_timeout = '1min'`);
  await takeDeliveries(other.manager, [delivery('b')], LIMITS);
  const written = takeDeliveries(app.source.manager, [first, second, third], LIMITS);
  written.catch(() => undefined);
  const isWaiting = async () =>
    (
      await app.query(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%take_deliveries(%'`,
      )
    ).length > 0;
  while (!(await isWaiting())) await new Promise((later) => setTimeout(later, 10));
  await takeDeliveries(other.manager, [delivery('a')], LIMITS);
  await other.commitTransaction();
  await other.release();
  expect((await written).map(({ outcome }) => outcome)).toEqual(['counted', 'counted', 'captured']);
});
