import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ExplainedEvent } from '../../src/admin/explain-service.js';
import { type RealApp, startRealApp } from '../security/support/real-app.js';
import { publishedWorkflow, rows, seedEvent } from './support/seed.js';

const UNKNOWN = '019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11';
const STOP = [{ id: 'end', type: 'stop' }];
const web = (more: object = {}) => ({
  trigger: { type: 'event', module: 'leads', event: 'created' },
  conditions: { field: 'source', operator: 'equals', value: 'Web Form' },
  steps: STOP,
  ...more,
});

describe('one event, explained to one workflow', () => {
  let real: RealApp;
  let count = 0;
  beforeAll(async () => {
    real = await startRealApp();
  });
  afterAll(() => real?.close());

  const publish = (definition: object = web(), token = 'admin') => publishedWorkflow(real as never, definition, token);
  const act = (id: string, action: string, body: object = {}) =>
    real.call('post', `/automation/workflows/${id}/${action}`).send(body).expect(200);
  /** Publishes an event of a lead of its own, and has it looked at. */
  const happen = async (
    source: string | null,
    { record = {}, ...event }: { record?: object; event?: string; previous?: object } = {},
    drain = true,
  ): Promise<string> => {
    count += 1;
    const id = `lead-${count}`;
    await rows(real.database, `INSERT INTO crm_leads (id, "workspaceId", name, source) VALUES ($1, 'acme', 'Ann', $2)`, [id, source]);
    await real.automation.publish({
      workspaceId: 'acme',
      module: 'leads',
      event: 'created',
      record: { id, name: 'Ann', source, ...record },
      ...event,
    });
    if (drain) await real.automation.drain();
    const [row] = await rows(real.database, 'SELECT id FROM automation.events ORDER BY id DESC LIMIT 1');
    return String(row?.id);
  };
  const explain = async (eventId: string, workflowId: string, token = 'viewer'): Promise<ExplainedEvent> =>
    (await real.call('get', `/automation/events/${eventId}/explain?workflowId=${workflowId}`, token).expect(200)).body;
  const results = ({ rungs }: ExplainedEvent) => rungs.map(({ rung, result }) => `${rung}: ${result}`);
  const only = (rung: string, { rungs }: ExplainedEvent) => rungs.find((one) => one.rung === rung);
  const forget = (eventId: string) => rows(real.database, 'DELETE FROM automation.runs WHERE event_id = $1', [eventId]);

  it('says of a run that every rung was passed, with the conditions told from the event, and what became of it', async () => {
    const { id } = await publish();
    const told = await explain(await happen('Web Form'), id);
    expect(results(told)).toEqual([
      'existed: yes',
      'active: yes',
      'listens: yes',
      'trigger: yes',
      'conditions: yes',
      'reentry: yes',
      'loop: yes',
      'plan: yes',
      'run: yes',
      'steps: yes',
    ]);
    expect(told).toMatchObject({ answer: 'Succeeded.', nearestMiss: null, version: 1, workflowName: 'Seeded', lastRunId: told.runId });
    expect(only('conditions', told)?.explanation).toEqual({
      result: true,
      field: 'source',
      operator: 'equals',
      seen: 'Web Form',
      expected: 'Web Form',
    });
  });

  it('says which test decided, and with which value it would have run', async () => {
    const { id } = await publish();
    const told = await explain(await happen('Phone'), id);
    expect(results(told).slice(3, 7)).toEqual(['trigger: yes', 'conditions: no', 'reentry: not_reached', 'loop: not_reached']);
    expect(told).toMatchObject({
      answer: 'Source was "Phone", and the condition asks for: Source is "Web Form".',
      nearestMiss: { sentence: 'It would have run if Source had been "Web Form".', ways: [[{ field: 'source', hold: true }]] },
      runId: null,
      lastRunId: null,
    });
    expect(only('conditions', told)).toMatchObject({ explanation: { result: false, seen: 'Phone' }, detail: { reason: 'conditions' } });
  });

  it('says the same from the event alone when retention has removed the skipped run, and what cannot be told any more', async () => {
    const { id } = await publish();
    const skipped = await happen('Phone');
    const before = await explain(skipped, id);
    await forget(skipped);
    const after = await explain(skipped, id);
    expect(after.answer).toBe(`${before.answer} (Told from the event: what was noted then has been removed by retention.)`);
    expect(after.nearestMiss).toEqual(before.nearestMiss);

    const started = await happen('Web Form');
    await forget(started);
    const told = await explain(started, id);
    expect(results(told).slice(4, 6)).toEqual(['conditions: yes', 'reentry: unknown']);
    expect(told.answer).toBe('Nothing is kept of what was decided then: retention has removed it.');
  });

  it('does not tell the values of a run whose conditions read what the event does not carry', async () => {
    const related = web({ conditions: { field: 'account.industry', operator: 'is_empty' } });
    const { id } = await publish(related);
    const eventId = await happen('Web Form');
    expect(only('conditions', await explain(eventId, id))).toMatchObject({
      result: 'yes',
      explanation: null,
      sentence: expect.stringContaining('With which values cannot be told any more: the event does not carry account.'),
    });
    await forget(eventId);
    expect((await explain(eventId, id)).answer).toContain('cannot be told any more: the event does not carry account.');
  });

  it('says that it was paused, by whom and since when, and when it was active again', async () => {
    const { id } = await publish();
    await act(id, 'pause');
    const eventId = await happen('Web Form');
    expect((await explain(eventId, id)).answer).toMatch(/^It was paused by Ada on \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\.$/);
    await act(id, 'activate');
    const told = await explain(eventId, id);
    expect(results(told).slice(0, 3)).toEqual(['existed: yes', 'active: no', 'listens: not_reached']);
    expect(told.answer).toMatch(/It was active again from .* on\.$/);
    expect(only('active', told)?.detail).toMatchObject({ action: 'workflow.paused', actor: { name: 'Ada' } });
  });

  it('says that it was not published yet, had been withdrawn, archived or deleted, or did not exist', async () => {
    const early = await happen('Web Form');
    const { id } = await publish();
    expect((await explain(early, id)).answer).toMatch(/^It did not exist yet: it was created on .* by Ada\.$/);

    const created = await real.call('post', '/automation/workflows').send({ name: 'Late', definition: web() }).expect(201);
    const between = await happen('Web Form');
    await act(created.body.id, 'publish');
    expect((await explain(between, created.body.id)).answer).toMatch(
      /^It was not published yet\. It was published on .* by Ada, after the event\.$/,
    );

    await act(id, 'unpublish');
    const withdrawn = await happen('Web Form');
    expect((await explain(withdrawn, id)).answer).toMatch(/^It was not published: it had been withdrawn by Ada on /);
    await act(id, 'archive');
    const archived = await happen('Web Form');
    expect((await explain(archived, id)).answer).toMatch(/^It was archived by Ada on /);
    await real.call('delete', `/automation/workflows/${id}`).expect(204);
    const deleted = await happen('Web Form');
    const told = await explain(deleted, id);
    expect(told).toMatchObject({ answer: expect.stringMatching(/^It had been deleted by Ada on /), workflowName: 'Seeded', version: null });
    expect(results(told)[0]).toBe('existed: no');
  });

  it('says that it listens to something else, by the version of that time', async () => {
    const { id } = await publish(web({ trigger: { type: 'event', module: 'leads', event: 'updated' } }));
    const eventId = await happen('Web Form');
    const workflow = await real.call('get', `/automation/workflows/${id}`);
    await real.call('patch', `/automation/workflows/${id}`).send({ revision: workflow.body.revision, definition: web() }).expect(200);
    await act(id, 'publish');
    expect((await explain(eventId, id)).answer).toBe('Version 1 listens to leads.updated, and this was leads.created.');
    const manual = await publish({ trigger: { type: 'manual' }, steps: STOP });
    expect((await explain(await happen('Web Form'), manual.id)).answer).toBe(
      'Version 1 starts by a trigger of type "manual", not by events.',
    );
  });

  it('says why the trigger did not match, also when the skipped run is gone', async () => {
    const { id } = await publish({ trigger: { type: 'event', module: 'leads', event: 'stage_changed', to: ['Won'] }, steps: STOP });
    const eventId = await happen('Web Form', { event: 'stage_changed', record: { stage: 'Qualified' }, previous: { stage: 'New' } });
    const told = await explain(eventId, id);
    expect([told.answer, results(told)[3]]).toEqual(['"stage" changed to "Qualified".', 'trigger: no']);
    await forget(eventId);
    expect((await explain(eventId, id)).answer).toMatch(/^"stage" changed to "Qualified"\. \(Told from the event/);
  });

  it('says that it runs once per record, and when it did', async () => {
    const { id } = await publish(web({ settings: { reentry: 'once_per_record' } }));
    const first = await happen('Web Form');
    const [{ record_id: recordId } = {}] = await rows(real.database, 'SELECT record_id FROM automation.events WHERE id = $1', [first]);
    const again = await happen('Web Form', { record: { id: recordId } });
    const told = await explain(again, id);
    expect(results(told).slice(4, 7)).toEqual(['conditions: yes', 'reentry: no', 'loop: not_reached']);
    expect(told.answer).toMatch(/^The workflow runs once per record\. It had run on .* UTC as run [-0-9a-f]{36}\.$/);
  });

  it('says that it would have been a loop', async () => {
    const { id } = await publish({
      trigger: { type: 'event', module: 'leads', event: 'updated' },
      steps: [{ id: 'touch', type: 'change_field', with: { field: 'touches', increment: 1 } }],
    });
    await happen('Web Form', { event: 'updated' });
    const [event] = await rows(real.database, `SELECT id FROM automation.events WHERE source = 'workflow' ORDER BY id DESC LIMIT 1`);
    const told = await explain(String(event?.id), id);
    expect(results(told).slice(5, 8)).toEqual(['reentry: yes', 'loop: no', 'plan: not_reached']);
    expect(told.answer).toContain('it does not start itself again');
  });

  it('says at which step a run failed, until when one waits, and who goes on where it was repeated', async () => {
    const failing = await publish(web({ steps: [{ id: 'nobody', type: 'assign_owner', with: { userId: "{{lower 'nobody'}}" } }] }));
    const waiting = await publish(web({ steps: [{ id: 'cool', type: 'delay', for: 'P2D' }] }));
    const eventId = await happen('Web Form');
    const failed = await explain(eventId, failing.id);
    expect([results(failed).at(-1), failed.answer]).toEqual(['steps: no', expect.stringMatching(/^Failed at nobody: /)]);
    const waits = await explain(eventId, waiting.id);
    expect([results(waits).at(-1), waits.answer]).toEqual(['steps: unknown', expect.stringMatching(/waits at cool .*until/i)]);

    await real.call('post', `/automation/runs/${failed.runId}/retry`).send({ from: 'start' }).expect(200);
    const repeated = await explain(eventId, failing.id);
    expect(repeated.runId).toBe(failed.runId);
    expect(repeated.lastRunId).not.toBe(failed.runId);
    expect(only('run', repeated)?.sentence).toContain(`the last time as run ${repeated.lastRunId}`);
  });

  it('says that nobody has looked at the event yet, or that it could not be routed', async () => {
    const { id } = await publish();
    const fresh = await happen('Phone', {}, false);
    expect((await explain(fresh, id)).answer).toBe('Source was "Phone", and the condition asks for: Source is "Web Form".');
    const next = await happen('Web Form', {}, false);
    expect((await explain(next, id)).answer).toBe('No worker has looked at the event yet.');
    const lost = await seedEvent(real.database, {
      record: { id: '42', source: 'Web Form' },
      error: { code: 'internal_error', message: 'something broke' },
    });
    const told = await explain(lost, id);
    expect(told.rungs.map(({ result }) => result).indexOf('no')).toBe(8);
    expect(told.answer).toBe('The event could not be routed: Something broke.');
    await real.automation.drain();
  });

  it('says what can be said where the version cannot be read any more', async () => {
    const { id, versionId } = await publish();
    await rows(real.database, `UPDATE automation.workflow_versions SET definition = definition || '{"conditions": 5}' WHERE id = $1`, [
      versionId,
    ]);
    const eventId = await happen('Web Form');
    const told = await explain(eventId, id);
    expect(results(told).slice(2, 5)).toEqual(['listens: yes', 'trigger: unknown', 'conditions: unknown']);
    expect(told.answer).toMatch(/^Failed: .*cannot be read/);
  });

  it('says of a start that names its workflow whose it is', async () => {
    const [mine, other] = [await publish({ trigger: { type: 'manual' }, steps: STOP }), await publish()];
    const started = await real.call('post', `/automation/workflows/${mine.id}/runs`).send({}).expect(202);
    await real.automation.drain();
    expect((await explain(started.body.eventId, mine.id)).answer).toBe('Succeeded.');
    expect((await explain(started.body.eventId, other.id)).answer).toBe('The start is for another workflow alone.');
    await act(mine.id, 'pause');
    const late = await real.call('post', `/automation/workflows/${mine.id}/runs`).send({}).expect(202);
    await real.automation.drain();
    expect((await explain(late.body.eventId, mine.id)).answer).toMatch(/^It was paused by Ada on /);
  });

  it('is bound to the workspace, of the event and of the workflow', async () => {
    const [mine, theirs] = [await publish(), await publish(web(), 'rival')];
    const eventId = await happen('Web Form');
    const ask = (event: string, workflow: string, token: string) =>
      real.call('get', `/automation/events/${event}/explain?workflowId=${workflow}`, token);
    expect((await ask(eventId, mine.id, 'rival').expect(404)).body.code).toBe('event_not_found');
    expect((await ask(eventId, theirs.id, 'admin').expect(404)).body.code).toBe('workflow_not_found');
    expect((await ask(UNKNOWN, mine.id, 'admin').expect(404)).body.code).toBe('event_not_found');
    expect((await ask('x', mine.id, 'admin').expect(404)).body.code).toBe('event_not_found');
    expect((await ask(eventId, 'x', 'admin').expect(400)).body.code).toBe('invalid_request');
    expect((await real.call('get', `/automation/events/${eventId}/explain`).expect(400)).body.code).toBe('invalid_request');
  });
});
