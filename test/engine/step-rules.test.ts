import { afterEach, describe, expect, it } from '@jest/globals';
import { IsObject, IsOptional, IsString } from 'class-validator';
import { defineAction } from '../../src/actions/define-action.js';
import { MASK } from '../../src/core/definition/secrets.js';
import { type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { Account } from '../support/sample-crm.js';
import { FarSide } from './support/far-side.js';

class Arguments {
  @IsOptional() @IsString() token?: string;
  @IsOptional() @IsObject() data?: { list: string[] };
}

/** What the action `local` does; each test sets it. */
let local: (args: Arguments) => unknown;
const localAction = (transaction: 'own' | 'shared') =>
  defineAction({
    type: `local_${transaction}`,
    label: 'Local',
    effect: 'local',
    transaction: transaction as 'own',
    arguments: Arguments,
    secret: ['token'],
    execute: async (args) => local(args) as never,
  });

const CREATED = { type: 'event', module: 'leads', event: 'created' };
const KINDS = ['own', 'shared'] as const;

describe('a step', () => {
  let app: AutomationApp;
  let far: FarSide;
  afterEach(() => app.close());
  const start = async (): Promise<void> => {
    far = new FarSide();
    app = await startAutomationApp({ actions: [localAction('own'), localAction('shared'), far.action] });
  };
  const publish = (...steps: object[]) => app.publishWorkflow({ trigger: CREATED, steps });

  it.each(KINDS)('of the host is logged without its secrets, whether it succeeds or fails, in a transaction of kind %s', async (kind) => {
    await start();
    const seen: unknown[] = [];
    local = ({ token }) => {
      seen.push(token);
      if (token === 'wrong') throw new Error('no');
    };
    const step = (id: string, token: string) => ({
      id,
      type: `local_${kind}`,
      with: { token },
      onError: 'continue',
      retry: { maxAttempts: 1 },
    });
    const workflowId = await publish(step('right', 'right'), step('wrong', 'wrong'));
    await app.createLead();
    await app.automation.drain();
    const [run] = await app.runsOf({ workflowId });
    expect(run?.steps.map(({ status, input }) => [status, input])).toEqual([
      ['succeeded', { token: MASK }],
      ['failed', { token: MASK }],
    ]);
    expect(seen).toEqual(['right', 'wrong']);
  });

  it.each(KINDS)('that changes a nested argument changes nothing for later runs, in a transaction of kind %s', async (kind) => {
    await start();
    const seen: string[] = [];
    local = ({ data }) => {
      seen.push(JSON.stringify(data));
      data?.list.push('changed');
    };
    await publish({ id: 'step', type: `local_${kind}`, with: { data: { list: ['as written'] } } });
    for (let run = 0; run < 3; run += 1) {
      await app.createLead();
      await app.automation.drain();
    }
    expect(seen).toEqual(Array(3).fill('{"list":["as written"]}'));
  });

  it.each(KINDS)('leaves an output of 256 KB at the most in the log; a larger one is cut, and the step has succeeded: %s', async (kind) => {
    await start();
    local = ({ token }) => ({ text: 'x'.repeat(Number(token)) });
    // {"text":""} is 11 bytes.
    const most = 256 * 1024 - 11;
    const step = (id: string, length: number) => ({ id, type: `local_${kind}`, with: { token: String(length) } });
    const workflowId = await publish(step('fits', most), step('cut', most + 1));
    await app.createLead();
    await app.automation.drain();
    const [run] = await app.runsOf({ workflowId });
    expect(run?.status).toBe('succeeded');
    expect(String(run?.steps[0]?.output?.text)).toHaveLength(most);
    expect(run?.steps[1]?.output).toEqual({ truncated: true, bytes: 256 * 1024 + 1 });
  });

  it('sees the same `now` at every attempt', async () => {
    await start();
    const workflowId = await publish({ id: 'call', type: 'call', with: { to: '{{now}}' }, retry: { maxAttempts: 3 } });
    await app.createLead();
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      const driving = app.automation.drain();
      await app.eventually(() => expect(far.calls).toHaveLength(attempt));
      const to = far.calls.at(-1) ?? '';
      if (attempt < 3) far.refuse(to);
      else far.answer(to);
      await driving;
      await app.passTime();
    }
    const [run] = await app.runsOf({ workflowId });
    expect(run?.status).toBe('succeeded');
    expect(far.calls).toEqual(Array(3).fill(run?.steps[0]?.startedAt));
    expect(run?.steps[2]?.startedAt).not.toBe(run?.steps[0]?.startedAt);
  });

  it('whose look at the record is refused by the database fails its run with what the database said', async () => {
    await start();
    const workflowId = await publish(
      { id: 'cool', type: 'delay', for: 'P1D' },
      {
        id: 'route',
        type: 'branch',
        branches: [{ name: 'a', when: { field: 'stage', operator: 'equals', value: 'New' }, steps: [{ id: 'stop', type: 'stop' }] }],
        onError: 'continue',
      },
    );
    await app.createLead();
    await app.automation.drain();
    await app.query('ALTER TABLE crm_leads RENAME COLUMN stage TO phase');
    await app.passTime();
    await app.automation.drain();
    const [run] = await app.runsOf({ workflowId });
    expect(run).toMatchObject({ status: 'failed', reason: 'database_error', error: { details: { sqlState: '42703' } } });
  });

  it('is preceded by conditions that see the event’s own relations, and the present ones where it has none', async () => {
    await start();
    await app.source.manager.insert(Account, { id: 'a-1', workspaceId: 'acme', name: 'Acme', industry: 'Now' });
    const on = (industry: string) =>
      app.publishWorkflow({
        trigger: CREATED,
        conditions: { field: 'account.industry', operator: 'equals', value: industry },
        steps: [{ id: 'stop', type: 'stop' }],
      });
    const [then, now] = [await on('Then'), await on('Now')];
    const record = { id: 'l-1', name: 'Ada', accountId: 'a-1' };
    await app.createLead({ id: 'l-1', accountId: 'a-1' }, { record: { ...record, account: { id: 'a-1', industry: 'Then' } } });
    await app.automation.drain();
    const statuses = async (workflowId: string) => (await app.runsOf({ workflowId })).map(({ status }) => status);
    expect([await statuses(then), await statuses(now)]).toEqual([['succeeded'], ['skipped']]);
    await app.automation.publish({ workspaceId: 'acme', module: 'leads', event: 'created', record });
    await app.automation.drain();
    expect([await statuses(then), await statuses(now)]).toEqual([
      ['succeeded', 'skipped'],
      ['skipped', 'succeeded'],
    ]);
  });
});
