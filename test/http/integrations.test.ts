import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RealApp, startRealApp } from '../security/support/real-app.js';

describe('integrations of a workspace', () => {
  let real: RealApp;
  const put = (code: string, body: object, token?: string) => real.call('put', `/automation/integrations/${code}`, token).send(body);
  beforeAll(async () => {
    real = await startRealApp();
  });
  afterAll(() => real?.close());

  it('are made, shown, changed and deleted, and the audit log tells it', async () => {
    const shown = { code: 'erp', description: 'Orders', module: 'leads', machine: null, mode: 'per_record', enabled: true };
    const made = await put('erp', { description: 'Orders', module: 'leads' }).expect(200);
    expect(made.body).toEqual({ ...shown, updatedAt: expect.any(String) });
    await put('erp', { module: 'leads', enabled: false }).expect(200);
    const listed = await real.call('get', '/automation/integrations', 'only:view').expect(200);
    expect(listed.body.items).toMatchObject([{ ...shown, description: null, enabled: false }]);
    expect((await real.call('get', '/automation/integrations', 'rival').expect(200)).body).toEqual({ items: [] });
    await real.call('get', '/automation/integrations/erp', 'rival').expect(404);
    await real.call('delete', '/automation/integrations/erp').expect(204);
    await real.call('get', '/automation/integrations/erp').expect(404);
    const audit = await real.call('get', '/automation/audit?action=integration.updated').expect(200);
    expect(audit.body.items).toMatchObject([
      {
        target: { type: 'integration', workflowId: null },
        before: { code: 'erp', description: 'Orders', enabled: true },
        after: { code: 'erp', description: null, enabled: false },
      },
    ]);
  });

  it.each([
    ['a%20b', { mode: 'per_run' }, 'code'],
    ['x', { module: 'laeds' }, 'module'],
    ['x', {}, 'module'],
    ['x', { mode: 'per_day', module: 'leads' }, 'mode'],
    ['x', { module: 'leads', machine: 'nobody' }, 'machine'],
  ])('are refused where something does not fit: %s %j', async (code, body, path) => {
    const { body: answer } = await put(code, body).expect(400);
    expect(answer).toMatchObject({ code: 'invalid_request', problems: [{ path }] });
  });
});
