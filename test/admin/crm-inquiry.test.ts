import { afterAll, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { CrmInquiries } from '../../src/admin/crm-inquiry.js';
import { AutomationError } from '../../src/core/errors.js';
import type { CrmTransaction } from '../../src/host/crm-host.js';
import { createTestDatabase } from '../support/database.js';

const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
afterAll(() => warn.mockRestore());

/** A CRM whose questions are answered by hand, and how many transactions it was asked in. */
function asked() {
  const transactions = { begun: 0 };
  const database = {
    read: (work: (manager: object) => Promise<unknown>) => {
      transactions.begun += 1;
      return work({ query: async () => [] });
    },
    enter: async () => undefined,
  };
  const under: { question: string; answer: (value: unknown) => void; fail: (error: Error) => void }[] = [];
  const question = (name: string) => () =>
    new Promise((answer, fail) => {
      under.push({ question: name, answer, fail });
    });
  const crm = { findStages: question('stages'), listRoles: question('roles'), findUsers: question('users') };
  const inquiry = new CrmInquiries(database as never, crm as never, { limits: { crmCallMs: 10_000 } } as never).open('acme');
  return { inquiry, under, transactions, begun: () => new Promise(setImmediate) };
}

const TIMED_OUT = new AutomationError('crm_timed_out', 'The CRM did not answer.');

it('what is asked in one moment is asked one after the other, on one connection, and each question once', async () => {
  const { inquiry, under, transactions, begun } = asked();
  const answers = Promise.all([inquiry.stages('leads'), inquiry.roles(), inquiry.activeUsers(['u-1', 'u-2'])]);
  for (const [index, answer] of [['New'], ['senior'], [{ id: 'u-1' }]].entries()) {
    await begun();
    expect(under.map((one) => one.question)).toEqual(['stages', 'roles', 'users'].slice(0, index + 1));
    under[index]?.answer(answer);
  }
  expect(await answers).toEqual([['New'], ['senior'], new Set(['u-1'])]);
  expect([await inquiry.stages('leads'), await inquiry.activeUsers(['u-1', 'u-2'])]).toEqual([['New'], new Set(['u-1'])]);
  expect([under.length, transactions.begun, inquiry.silence]).toEqual([3, 1, null]);
});

it('who has not answered in time is asked nothing more, and a warning says so', async () => {
  const { inquiry, under, begun } = asked();
  const answers = Promise.all([inquiry.roles(), inquiry.activeUsers(['u-1'])]);
  await begun();
  under[0]?.fail(TIMED_OUT);
  expect(await answers).toEqual([null, null]);
  expect(await inquiry.stages('leads')).toBeNull();
  expect(under.map((one) => one.question)).toEqual(['roles']);
  expect(inquiry.silence).toMatchObject({
    code: 'crm_no_answer',
    message: expect.stringContaining('asked for its roles and for users by their ids and for the stages of leads'),
  });
});

it('who fails at one question is asked the others', async () => {
  const { inquiry, under, begun } = asked();
  const roles = inquiry.roles();
  await begun();
  under[0]?.fail(new Error('no such table'));
  expect(await roles).toBeNull();
  const stages = inquiry.stages('leads');
  await begun();
  under[1]?.answer(['New']);
  expect(await stages).toEqual(['New']);
  expect(inquiry.silence?.message).toContain('asked for its roles:');
});

it('all questions together have the time of one call: whoever answers slowly is asked no further one', async () => {
  const { inquiry, under, begun } = asked();
  const roles = inquiry.roles();
  await begun();
  const now = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 10_001);
  under[0]?.answer(['senior']);
  expect(await roles).toEqual(['senior']);
  now.mockRestore();
  expect(await inquiry.activeUsers(['u-1'])).toBeNull();
  expect(under).toHaveLength(1);
  expect(inquiry.silence?.message).toContain('asked for users by their ids:');
});

it('one that the database refuses fails alone, and spoils none of those that are asked with it', async () => {
  const postgres = await createTestDatabase();
  const source = await new DataSource({ type: 'postgres', url: postgres.url }).initialize();
  try {
    const database = {
      read: (work: (manager: EntityManager) => Promise<unknown>) => source.transaction(work),
      enter: async () => undefined,
    };
    const crm = {
      listRoles: ({ manager }: CrmTransaction) => manager.query('SELECT role FROM no_such_table'),
      findStages: async ({ manager }: CrmTransaction) =>
        (await manager.query(`SELECT 'New' AS stage`)).map(({ stage }: { stage: string }) => stage),
      findUsers: ({ manager }: CrmTransaction) => manager.query(`SELECT 'u-1' AS id`),
    };
    const inquiry = new CrmInquiries(database as never, crm as never, { limits: { crmCallMs: 10_000 } } as never).open('acme');
    const answers = await Promise.all([inquiry.roles(), inquiry.stages('leads'), inquiry.activeUsers(['u-1'])]);
    expect(answers).toEqual([null, ['New'], new Set(['u-1'])]);
    expect(inquiry.silence?.message).toContain('asked for its roles:');
  } finally {
    await source.destroy();
    await postgres.drop();
  }
});
