import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RealApp, startRealApp } from '../security/support/real-app.js';
import { sampleCrm } from '../support/sample-crm.js';
import { rows } from './support/seed.js';

describe('looking things up in the CRM', () => {
  let real: RealApp;
  beforeAll(async () => {
    real = await startRealApp();
    await rows(
      real.database,
      `INSERT INTO crm_leads (id, "workspaceId", name, email) VALUES ('1', 'acme', 'Anna', 'anna@x.test'), ('2', 'acme', 'Annabel', null), ('3', 'rival', 'Anna R.', 'r@x.test')`,
    );
    await rows(real.database, `INSERT INTO crm_accounts VALUES ('a-1', 'acme', 'Example Ltd', 'Retail')`);
    await rows(real.database, `UPDATE crm_leads SET "accountId" = 'a-1' WHERE id = '1'`);
  });
  afterAll(() => real?.close());

  const get = (path: string, token = 'viewer') => real.call('get', `/automation/${path}`, token);

  it('users: all, by words, by role, by ids; more than fit are said to be there', async () => {
    const { body } = await get('users').expect(200);
    expect(body).toEqual({
      items: [
        { id: 'u-1', name: 'User 1', email: 'u1@acme.test', roles: ['senior'] },
        { id: 'u-2', name: 'User 2', email: 'u2@acme.test', roles: [] },
        { id: 'u-3', name: 'User 3', email: 'u3@acme.test', roles: [] },
      ],
      hasMore: false,
    });
    expect((await get('users?limit=2')).body).toMatchObject({ items: [{ id: 'u-1' }, { id: 'u-2' }], hasMore: true });
    expect((await get('users?search=u2%40acme')).body.items).toMatchObject([{ id: 'u-2' }]);
    expect((await get('users?role=senior')).body.items).toMatchObject([{ id: 'u-1' }]);
    expect((await get('users?ids=u-3,u-1,nobody')).body.items.map(({ id }: { id: string }) => id)).toEqual(['u-1', 'u-3']);
    expect((await get('users', 'rival')).body.items).toEqual([]);
    expect((await get('users?ids=u-1', 'rival')).body.items).toEqual([]);
  });

  it('roles', async () => {
    expect((await get('roles').expect(200)).body).toEqual({ items: ['senior'] });
    expect((await get('roles', 'rival')).body).toEqual({ items: [] });
  });

  it('records: by name, by e-mail, by ids, with what people call them', async () => {
    expect((await get('records?module=leads&search=anna').expect(200)).body).toEqual({
      items: [
        { module: 'leads', id: '1', title: 'Anna' },
        { module: 'leads', id: '2', title: 'Annabel' },
      ],
      hasMore: false,
    });
    expect((await get('records?module=leads&search=anna&limit=1')).body).toMatchObject({ items: [{ id: '1' }], hasMore: true });
    expect((await get('records?module=leads&search=ann%40lead.test')).body.items).toEqual([
      { module: 'leads', id: '42', title: 'Ann Example' },
    ]);
    expect((await get('records?module=leads&ids=2,3')).body.items).toEqual([{ module: 'leads', id: '2', title: 'Annabel' }]);
    expect((await get('records?module=leads&search=anna', 'rival')).body.items).toEqual([{ module: 'leads', id: '3', title: 'Anna R.' }]);
  });

  it('one record, as conditions and templates see it; of another workspace: none', async () => {
    const { body } = await get('records/leads/1').expect(200);
    expect(body).toMatchObject({
      module: 'leads',
      id: '1',
      title: 'Anna',
      record: { id: '1', name: 'Anna', account: { name: 'Example Ltd' } },
    });
    for (const path of ['records/leads/3', 'records/leads/nobody']) {
      expect((await get(path).expect(404)).body).toMatchObject({ code: 'record_not_found' });
    }
  });

  it.each([
    ['records?search=x', 400, 'module'],
    ['records?module=leads', 400, 'search'],
    ['records?module=leads&search=%20', 400, 'search'],
    ['records?module=leads&search=a&search=b', 400, 'search'],
    [`records?module=leads&search=${'x'.repeat(201)}`, 400, 'search'],
    ['records?module=leads&search=a%00', 400, ''],
    [`records?module=leads&ids=${'1,'.repeat(100)}1`, 400, 'ids'],
    ['records?module=leads&ids=', 400, 'ids'],
    ['records?module=leads&ids=1,,2', 400, 'ids'],
    ['users?limit=51', 400, 'limit'],
    ['users?ids=a&ids=b', 400, 'ids'],
  ])('GET %s → %d, which names the parameter', async (path, status, parameter) => {
    const { body } = await get(path).expect(status);
    expect(body.problems[0].path).toContain(parameter);
  });

  it('a module that there is not → 404 with the nearest name', async () => {
    for (const path of ['records?module=lead&search=a', 'records/lead/1']) {
      expect((await get(path).expect(404)).body).toMatchObject({ code: 'module_not_found', message: expect.stringContaining('"leads"') });
    }
  });
});

it('a CRM that can list nothing → 404 with a sentence; by id all is found', async () => {
  const crm = sampleCrm();
  for (const name of ['listUsers', 'listRoles', 'searchRecords']) Object.defineProperty(crm, name, { value: undefined });
  const real = await startRealApp({ crm });
  for (const [path, method] of [
    ['users', 'listUsers'],
    ['roles', 'listRoles'],
    ['records?module=leads&search=a', 'searchRecords'],
  ]) {
    const { body } = await real.call('get', `/automation/${path}`).expect(404);
    expect(body).toMatchObject({
      code: 'not_available',
      message: expect.stringMatching(/cannot be/),
      hint: expect.stringContaining(`\`${method}\``),
    });
  }
  expect((await real.call('get', '/automation/users?ids=u-1').expect(200)).body.items).toHaveLength(1);
  await real.close();
});
