import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AdminDatabase } from '../../src/store/admin-database.js';
import { type AdminApp, startAdminApp } from './support/admin-app.js';
import { publishedWorkflow, seedRun } from './support/seed.js';

describe('an API whose database has no time', () => {
  let admin: AdminApp;
  let workflow: { id: string; versionId: string };
  beforeAll(async () => {
    admin = await startAdminApp({ limits: { connections: 1, waiting: 0, queryTimeoutMs: 1_500 } });
    workflow = await publishedWorkflow(admin);
  });
  afterAll(() => admin?.close());

  const busy = { statusCode: 503, code: 'busy', hint: expect.any(String) };

  it('answers 503 with when to ask again, where somebody else holds the row', async () => {
    const runId = await seedRun(admin.database, workflow);
    await admin.database.transaction(async (manager) => {
      await manager.query('SELECT 1 FROM automation.runs WHERE id = $1 FOR UPDATE', [runId]);
      const answer = await admin.call('post', `/automation/runs/${runId}/retry`).send({ from: 'start' });
      expect(answer.body).toMatchObject(busy);
      expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
    });
    await admin.call('post', `/automation/runs/${runId}/retry`).send({ from: 'start' }).expect(200);
  });

  it('answers 503 at once where as many are asking as may, and serves again when they have been served', async () => {
    let release = (): void => undefined;
    let hasBegun = (): void => undefined;
    const begun = new Promise<void>((resolve) => {
      hasBegun = resolve;
    });
    const first = admin.app.get(AdminDatabase).read(() => {
      hasBegun();
      return new Promise<void>((resolve) => {
        release = resolve;
      });
    });
    await begun;
    const answer = await admin.call('get', '/automation/runs');
    expect(answer.body).toMatchObject(busy);
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '2']);
    release();
    await first;
    await admin.call('get', '/automation/runs').expect(200);
  });
});
