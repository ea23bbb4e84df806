import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type RealApp, startRealApp } from '../security/support/real-app.js';
import { publishedWorkflow, rows } from './support/seed.js';

const UPDATED = { type: 'event', module: 'leads', event: 'updated' };
const task = (title: string) => ({ id: 'call', type: 'create_task', with: { title } });

describe('an event that is replayed', () => {
  let real: RealApp;
  let asked: { id: string };
  let other: { id: string };
  let once: { id: string };
  beforeAll(async () => {
    real = await startRealApp();
    asked = await publishedWorkflow(real as never, {
      trigger: { ...UPDATED, fields: ['source'] },
      conditions: { field: 'source', operator: 'equals', value: 'Web' },
      steps: [task('{{previous.source}} to {{record.source}}')],
    });
    other = await publishedWorkflow(real as never, {
      trigger: UPDATED,
      conditions: { field: 'source', operator: 'equals', value: 'Fair' },
      steps: [task('fair')],
    });
    once = await publishedWorkflow(real as never, { trigger: UPDATED, steps: [task('once')], settings: { reentry: 'once_per_record' } });
    await publishedWorkflow(real as never, { trigger: { ...UPDATED, fields: ['name'] }, steps: [task('never')] });
  });
  beforeEach(() =>
    rows(
      real.database,
      'TRUNCATE automation.events, automation.runs, automation.step_executions, automation.audit_log, crm_tasks, crm_leads',
    ),
  );
  afterAll(() => real?.close());

  const happen = async (): Promise<string> => {
    await rows(real.database, `INSERT INTO crm_leads (id, "workspaceId", name, source) VALUES ('l-1', 'acme', 'Ada', 'Web')`);
    const record = { id: 'l-1', name: 'Ada', source: 'Web' };
    const event = { workspaceId: 'acme', module: 'leads', event: 'updated', record, previous: { ...record, source: 'Fair' } };
    await real.automation.publish({ ...event, actor: { type: 'user', id: 'u-2' } });
    await real.automation.drain();
    const [captured] = await rows(real.database, 'SELECT id FROM automation.events');
    return String(captured?.id);
  };
  const replay = (id: string, body: object = {}, token = 'support') =>
    real.call('post', `/automation/events/${id}/replay`, token).send(body);
  const eventOf = async (id: string) => (await real.call('get', `/automation/events/${id}`, 'viewer').expect(200)).body;
  const verdicts = ({ workflows }: { workflows: { workflowId: string; verdict: string; reason: string | null }[] }) =>
    Object.fromEntries(workflows.map(({ workflowId, verdict, reason }) => [workflowId, reason ?? verdict]));

  it('goes to nobody who has run on it already, and says to whom it would go: those that listen, by their rules', async () => {
    const id = await happen();
    const { body } = await replay(id, { dryRun: true }).expect(200);
    expect(verdicts(body)).toMatchObject({ [asked.id]: 'ran', [other.id]: 'conditions', [once.id]: 'ran' });
    const mine = body.workflows.find(({ workflowId }: { workflowId: string }) => workflowId === asked.id);
    expect(mine.ran).toEqual([{ id: expect.any(String), status: 'succeeded', createdAt: expect.any(String), eventId: id }]);
    // An id in capitals is the same id, in the path and in the body.
    const shouted = await replay(id.toUpperCase(), { dryRun: true, workflowIds: [asked.id.toUpperCase()] }).expect(200);
    expect(verdicts(shouted.body)).toEqual({ [asked.id]: 'ran' });
    const again = (await replay(id, { dryRun: true, again: true }).expect(200)).body;
    expect(verdicts(again)).toMatchObject({ [asked.id]: 'starts', [other.id]: 'conditions', [once.id]: 'reentry' });
    expect(Object.values(verdicts(again))).toContain('trigger');
    const forced = (await replay(id, { dryRun: true, again: true, force: ['reentry'] }).expect(200)).body;
    expect(verdicts(forced)).toMatchObject({ [other.id]: 'conditions', [once.id]: 'starts' });
    expect(await rows(real.database, 'SELECT 1 FROM automation.events')).toHaveLength(1);
    expect(await rows(real.database, 'SELECT 1 FROM automation.audit_log')).toEqual([]);
  });

  it('is a new start for each that starts, with all that it carried, who asked for it and why', async () => {
    const id = await happen();
    const { body } = await replay(id, { again: true, reason: 'The mail was lost.' }).expect(200);
    await real.automation.drain();
    const start = body.workflows.find(({ workflowId }: { workflowId: string }) => workflowId === asked.id);
    const event = await eventOf(start.eventId);
    expect(event).toMatchObject({
      source: 'replay',
      event: 'updated',
      recordId: 'l-1',
      actor: { id: 'u-2' },
      changes: { source: { from: 'Fair', to: 'Web' } },
      target: { workflowId: asked.id },
      trigger: { type: 'event', eventId: id, replay: { of: id, by: { id: 'u-support' }, reason: 'The mail was lost.' } },
      runs: [{ workflowId: asked.id, status: 'succeeded' }],
    });
    expect(await rows(real.database, `SELECT 1 FROM crm_tasks WHERE title = 'Fair to Web'`)).toHaveLength(2);
    const [entry] = await rows(real.database, 'SELECT action, target_type, target_id, after, note FROM automation.audit_log');
    expect(entry).toEqual({
      action: 'event.replayed',
      target_type: 'event',
      target_id: id,
      after: { starts: [{ workflowId: asked.id, eventId: start.eventId }], again: true },
      note: 'The mail was lost.',
    });
    const audit = (await real.call('get', `/automation/audit?target=${id}`, 'viewer').expect(200)).body;
    expect(audit.items).toHaveLength(1);
    // What a replay has run counts as well.
    const next = (await replay(id, { dryRun: true }).expect(200)).body;
    const mine = next.workflows.find(({ workflowId }: { workflowId: string }) => workflowId === asked.id);
    expect(mine.ran.map((run: { eventId: string }) => run.eventId)).toEqual([id, start.eventId]);
  });

  it('starts once, however often and by however many it is asked for before workflows have looked at it', async () => {
    const id = await happen();
    const late = await publishedWorkflow(real as never, { trigger: { ...UPDATED, event: 'created' }, steps: [task('late')] });
    const answers = await Promise.all([1, 2, 3].map(() => replay(id, { workflowIds: [late.id] }).expect(200)));
    const ids = new Set(answers.map(({ body }) => body.workflows[0].eventId));
    expect(ids.size).toBe(1);
    const now = await real.call('post', `/automation/workflows/${late.id}/runs`, 'support').send({ eventId: id }).expect(202);
    expect(now.body).toEqual({ eventId: [...ids][0], isNew: false });
    await real.automation.drain();
    expect(await rows(real.database, `SELECT 1 FROM crm_tasks WHERE title = 'late'`)).toHaveLength(1);
    expect(await rows(real.database, "SELECT 1 FROM automation.audit_log WHERE action = 'event.replayed'")).toHaveLength(1);
  });

  it('goes to the workflows that are named, whatever their triggers listen to; Pause holds', async () => {
    const id = await happen();
    const late = await publishedWorkflow(real as never, { trigger: { ...UPDATED, event: 'created' }, steps: [task('late')] });
    expect(verdicts((await replay(id, { workflowIds: [late.id] }).expect(200)).body)).toEqual({ [late.id]: 'starts' });
    await real.automation.drain();
    expect(await rows(real.database, `SELECT status FROM automation.runs WHERE workflow_id = '${late.id}'`)).toEqual([
      { status: 'succeeded' },
    ]);
    await real.call('post', `/automation/workflows/${late.id}/pause`, 'admin').send({}).expect(200);
    const paused = (await replay(id, { workflowIds: [late.id], again: true }).expect(200)).body;
    expect(verdicts(paused)).toEqual({ [late.id]: 'paused' });
    expect(paused.workflows[0].eventId).toBeNull();
  });

  it.each([
    ['an event that nobody has', '019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11', {}, 404, 'event_not_found'],
    ['no id', 'x', {}, 404, 'event_not_found'],
    ['a workflow that nobody has', null, { workflowIds: ['019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11'] }, 404, 'workflow_not_found'],
    ['no workflows', null, { workflowIds: [] }, 400, 'invalid_request'],
    ['a rule that nobody may set aside', null, { force: ['pause'] }, 400, 'invalid_request'],
  ])('is refused with %s, and leaves nothing behind', async (_, unknown, body, status, code) => {
    const id = unknown ?? (await happen());
    const answer = await replay(id, body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(await rows(real.database, `SELECT 1 FROM automation.events WHERE source = 'replay'`)).toEqual([]);
  });

  it('is refused before workflows have looked at it, and in another workspace', async () => {
    const id = await happen();
    expect((await replay(id, {}, 'rival')).status).toBe(404);
    await rows(real.database, 'UPDATE automation.events SET routed_at = NULL');
    expect((await replay(id).expect(409)).body.code).toBe('event_not_routed');
  });

  describe('to one workflow, run now', () => {
    const runNow = (workflow: { id: string }, body: object) =>
      real.call('post', `/automation/workflows/${workflow.id}/runs`, 'support').send(body);

    it('starts what was skipped, with the rules set aside that kept it out', async () => {
      const id = await happen();
      const { body } = await runNow(other, { eventId: id, force: ['conditions'], reason: 'It is one all the same.' }).expect(202);
      expect(body).toEqual({ eventId: expect.any(String), isNew: true });
      await real.automation.drain();
      expect(await eventOf(body.eventId)).toMatchObject({
        source: 'replay',
        target: { workflowId: other.id, force: ['conditions'] },
        runs: [{ workflowId: other.id, status: 'succeeded' }],
      });
      const [entry] = await rows(real.database, 'SELECT after, note FROM automation.audit_log');
      expect(entry).toEqual({
        after: { starts: [{ workflowId: other.id, eventId: body.eventId }], force: ['conditions'] },
        note: 'It is one all the same.',
      });
    });

    it('starts what was paused when it happened', async () => {
      const paused = await publishedWorkflow(real as never, { trigger: UPDATED, steps: [task('paused')] });
      await real.call('post', `/automation/workflows/${paused.id}/pause`, 'admin').send({}).expect(200);
      const id = await happen();
      await real.call('post', `/automation/workflows/${paused.id}/activate`, 'admin').send({}).expect(200);
      const { body } = await runNow(paused, { eventId: id }).expect(202);
      await real.automation.drain();
      expect((await eventOf(body.eventId)).runs).toMatchObject([{ workflowId: paused.id, status: 'succeeded' }]);
    });

    it('starts what came too late', async () => {
      const id = await happen();
      const tooLate = { type: 'schedule', at: '2026-01-01T09:00:00.000Z', tooLate: true };
      await rows(
        real.database,
        `UPDATE automation.events SET trigger = '${JSON.stringify(tooLate)}', target = '{"workflowId": "${other.id}"}' WHERE id = '${id}'`,
      );
      const { body } = await runNow(other, { eventId: id, force: ['conditions'] }).expect(202);
      await real.automation.drain();
      const event = await eventOf(body.eventId);
      expect(event.trigger).toMatchObject({ type: 'schedule', at: tooLate.at, replay: { of: id } });
      expect(event.trigger).not.toHaveProperty('tooLate');
      expect(event.runs).toMatchObject([{ status: 'succeeded' }]);
    });

    it('starts once for two people at once', async () => {
      const id = await happen();
      const answers = await Promise.all([1, 2].map(() => runNow(other, { eventId: id, force: ['conditions'] }).expect(202)));
      expect(answers.map(({ body }) => body.isNew).sort()).toEqual([false, true]);
      await real.automation.drain();
      expect(await rows(real.database, `SELECT 1 FROM crm_tasks WHERE title = 'fair'`)).toHaveLength(1);
    });

    it('is refused where the workflow has run, with the runs that it has', async () => {
      const id = await happen();
      const { body } = await runNow(asked, { eventId: id }).expect(409);
      expect(body).toMatchObject({ code: 'event_already_ran', details: { runs: [{ id: expect.any(String), status: 'succeeded' }] } });
      expect((await runNow(asked, { eventId: id, input: {} }).expect(400)).body.code).toBe('invalid_request');
    });
  });
});
