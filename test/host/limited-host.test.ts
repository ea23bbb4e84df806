import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import type { CrmHost } from '../../src/host/crm-host.js';
import { limitCrmHost, withoutLimit } from '../../src/host/limited-host.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

describe('a CRM host with limits', () => {
  let database: TestDatabase;
  let source: DataSource;
  beforeAll(async () => {
    database = await createTestDatabase();
    source = await new DataSource({ type: 'postgres', url: database.url, poolSize: 1 }).initialize();
  });
  afterAll(async () => {
    await source.destroy();
    await database.drop();
  });
  const never = () => new Promise<never>(() => undefined);

  it('is what the host is', () => {
    const problems = [{ path: 'name', message: 'must not be empty' }];
    const host = { describeModules: () => [], taskModule: 'tasks', validate: () => problems } as unknown as CrmHost;
    const limited = limitCrmHost(host, 1_000);
    expect(limited.describeModules()).toEqual([]);
    expect(limited.taskModule).toBe('tasks');
    expect(limited).not.toHaveProperty('validateTask');
    expect(limited).not.toHaveProperty('findReferenced');
    expect(withoutLimit(limited)).toBe(host);
    // What is answered at once is not made to wait.
    const tx = { manager: source.manager, workspaceId: 'acme' };
    expect(limited.validate?.('leads', { before: {}, after: {}, fields: [] }, tx)).toBe(problems);
  });

  it('names the method that did not answer, and the workspace', async () => {
    const stalled: string[] = [];
    const limited = limitCrmHost({ findUsers: never } as unknown as CrmHost, 10, (workspaceId) => stalled.push(workspaceId));
    const asked = source.transaction((manager) => limited.findUsers({ manager, workspaceId: 'acme' }, { role: 'sales' }));
    await expect(asked).rejects.toMatchObject({ code: 'crm_timed_out', details: { method: 'findUsers' }, retry: { kind: 'transient' } });
    expect(stalled).toEqual(['acme']);
  });

  it('limits each method that a host may have, and none that it has not', async () => {
    const names = ['findReferenced', 'listByDate', 'findMatching', 'createRecord', 'listUsers', 'listRoles', 'searchRecords'] as const;
    const hanging = Object.fromEntries(names.map((name) => [name, never])) as unknown as CrmHost;
    const limited = limitCrmHost(hanging, 10) as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
    for (const name of names) {
      const asked = source.transaction((manager) => limited[name]?.({ manager, workspaceId: 'acme' }, 'leads', {}, []) as Promise<unknown>);
      await expect(asked).rejects.toMatchObject({ code: 'crm_timed_out', details: { method: name } });
      expect(limitCrmHost({} as CrmHost, 10)).not.toHaveProperty(name);
    }
    // What they are given and what they answer passes as it is.
    const answering = { findMatching: async (...given: unknown[]) => given.slice(1) } as unknown as CrmHost;
    const answer = await limitCrmHost(answering, 1_000).findMatching?.({ manager: source.manager, workspaceId: 'acme' }, 'leads', {
      match: { a: 1 },
      limit: 2,
    });
    expect(answer).toEqual(['leads', { match: { a: 1 }, limit: 2 }]);
  });

  it('says with each call that it is given up that we are there: the silence of several does not add up', async () => {
    const limited = limitCrmHost({ findUsers: never } as unknown as CrmHost, 200);
    const pid = await source.transaction(async (manager) => {
      await manager.query("SET LOCAL idle_in_transaction_session_timeout = '2s'");
      for (let call = 0; call < 15; call += 1) {
        await expect(limited.findUsers({ manager, workspaceId: 'acme' }, { role: 'sales' })).rejects.toMatchObject({
          code: 'crm_timed_out',
        });
      }
      return manager.query('SELECT pg_backend_pid() AS pid');
    });
    expect(pid).toEqual([{ pid: expect.any(Number) }]);
  });

  it('says what Postgres says when the transaction does not stand any more', async () => {
    const host = {
      findUsers: async ({ manager }: { manager: DataSource['manager'] }) => {
        await manager.query('SELECT 1/0').catch(() => undefined);
        return never();
      },
    };
    const limited = limitCrmHost(host as unknown as CrmHost, 100);
    const asked = source.transaction((manager) => limited.findUsers({ manager, workspaceId: 'acme' }, { role: 'sales' }));
    await expect(asked).rejects.toMatchObject({ driverError: { code: '25P02' } });
  });
});
