import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { startAutomationApp } from '../support/automation-app.js';

afterEach(() => {
  jest.restoreAllMocks();
});

function lines(level: 'log' | 'warn'): string[] {
  const heard: string[] = [];
  jest.spyOn(Logger.prototype, level).mockImplementation((message: unknown) => void heard.push(String(message)));
  return heard;
}

describe('the log', () => {
  it('says at start how many workflows are active, whether the worker runs, and which doors are open', async () => {
    const heard = lines('log');
    const app = await startAutomationApp();
    await app.publishWorkflow({ trigger: { type: 'event', module: 'leads', event: 'created' }, steps: [{ id: 'end', type: 'stop' }] });
    const second = await startAutomationApp({ worker: { enabled: true } }, { database: app.database, emitter: true });
    expect(heard.filter((line) => line.startsWith('Started'))).toEqual([
      'Started. Active workflows: 0; worker: off; events by: publish.',
      'Started. Active workflows: 1; worker: on; events by: publish, emitter.',
    ]);
    await second.close();
    await app.close();
  });

  it('may be one that cannot be written: what has started runs', async () => {
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    jest.spyOn(Logger.prototype, 'log').mockImplementation((message: unknown) => {
      if (String(message).startsWith('Started')) throw new Error('the disk is full');
    });
    const app = await startAutomationApp();
    await app.createLead();
    await app.automation.drain();
    expect(await app.query('SELECT routed_at IS NOT NULL AS routed FROM automation.events')).toEqual([{ routed: true }]);
    expect(warned).toHaveBeenCalledWith(expect.stringContaining('the disk is full'));
    await app.close();
  });

  it('warns of an event that is given up, with its ids', async () => {
    const heard = lines('warn');
    const app = await startAutomationApp();
    await app.publishWorkflow({ trigger: { type: 'event', module: 'leads', event: 'created' }, steps: [{ id: 'end', type: 'stop' }] });
    await app.query(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON automation.runs FOR EACH ROW EXECUTE FUNCTION refuse()`);
    await app.createLead();
    await app.automation.drain();
    const [event] = await app.query<{ id: string }>('SELECT id FROM automation.events');
    expect(heard).toEqual([expect.stringMatching(`^Event ${event?.id} of workspace acme cannot be routed and is given up: `)]);
    await app.close();
  });

  it('warns of a run that failed, with its ids and without what its record holds', async () => {
    const heard = lines('warn');
    const app = await startAutomationApp();
    const workflowId = await app.publishWorkflow({
      trigger: { type: 'event', module: 'leads', event: 'created' },
      steps: [{ id: 'task', type: 'create_task', with: { title: '{{context.nothing}}' } }],
    });
    await app.createLead();
    await app.automation.drain();
    const [run] = await app.runsOf({ workflowId });
    expect(run?.status).toBe('failed');
    expect(heard.filter((line) => line.startsWith('Run '))).toEqual([
      `Run ${run?.id} of workflow ${workflowId} in workspace acme failed: template_path_missing.`,
    ]);
    await app.close();
  });
});
