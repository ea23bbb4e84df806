import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RealApp, startRealApp } from '../security/support/real-app.js';
import { publishedWorkflow, rows } from './support/seed.js';

const ADA = { type: 'user' as const, id: 'u-9', name: 'Ada' };
const STOP = [{ id: 'end', type: 'stop' }];
const MAIL = [{ id: 'welcome', type: 'send_email', with: { to: '{{record.email}}', subject: 'Welcome', text: 'Hi' } }];
const created = (more: object = {}) => ({ trigger: { type: 'event', module: 'leads', event: 'created' }, steps: STOP, ...more });
const when = (field: string, operator: string, value?: unknown, more: object = {}) => ({
  conditions: { field, operator, ...(value !== undefined && { value }), ...more },
});

/** What support hears, and what it is answered: in one request each, whose sentence is all that is looked at. */
describe('complaints that reach support', () => {
  let real: RealApp;
  let count = 0;
  beforeAll(async () => {
    real = await startRealApp();
  });
  afterAll(() => real?.close());

  const publish = (definition: object) => publishedWorkflow(real as never, definition).then(({ id }) => id);
  const act = (id: string, action: string) => real.call('post', `/automation/workflows/${id}/${action}`).send({}).expect(200);
  /** A lead of its own, and what happens to it; answers the ids of both. */
  const lead = async (values: object = {}, event: object = {}): Promise<{ recordId: string; eventId: string }> => {
    count += 1;
    const record = { id: `c-${count}`, name: `Lead ${count}`, email: null, source: null, ...values };
    await rows(real.database, `INSERT INTO crm_leads (id, "workspaceId", name, source) VALUES ($1, 'acme', $2, $3)`, [
      record.id,
      record.name,
      record.source,
    ]);
    return again(record, event);
  };
  const again = async (record: { id: string }, event: object = {}): Promise<{ recordId: string; eventId: string }> => {
    await real.automation.publish({ workspaceId: 'acme', module: 'leads', event: 'created', record, actor: ADA, ...event });
    await real.automation.drain();
    const [row] = await rows(real.database, 'SELECT id FROM automation.events WHERE record_id = $1 ORDER BY id DESC LIMIT 1', [record.id]);
    return { recordId: record.id, eventId: String(row?.id) };
  };
  /** One request: the sentence of the ladder. */
  const why = async ({ eventId }: { eventId: string }, workflowId: string): Promise<string> => {
    const { body } = await real.call('get', `/automation/events/${eventId}/explain?workflowId=${workflowId}`, 'support').expect(200);
    return [body.answer, body.nearestMiss?.sentence].filter(Boolean).join(' ');
  };
  /** One request: what stands at the newest event of the record, in sentences. */
  const timeline = async ({ recordId }: { recordId: string }) =>
    (await real.call('get', `/automation/records/leads/${recordId}/timeline`, 'support').expect(200)).body;

  it('1: "Why did this lead not get the mail?" Its source was another', async () => {
    const id = await publish(created(when('source', 'equals', 'Web Form')));
    expect(await why(await lead({ source: 'Phone' }), id)).toBe(
      'Source was "Phone", and the condition asks for: Source is "Web Form". It would have run if Source had been "Web Form".',
    );
  });

  it('2: "But its source IS Web Form!" With a blank at its end', async () => {
    const id = await publish(created(when('source', 'equals', 'Web Form')));
    expect(await why(await lead({ source: 'Web Form ' }), id)).toContain(
      'Source was "Web Form " (other blanks), and the condition asks for',
    );
  });

  it('3: "But it is the same word!" In another letter case, where that counts', async () => {
    const id = await publish(created(when('source', 'equals', 'VIP', { caseSensitive: true })));
    expect(await why(await lead({ source: 'vip' }), id)).toContain('Source was "vip" (another letter case)');
  });

  it('4: "Its amount is below the limit, why did it not run?" The field was empty, and nothing is not less', async () => {
    const id = await publish(created(when('amount', 'less_than', 100)));
    expect(await why(await lead(), id)).toBe(
      'Amount was empty, and the condition asks for: Amount is less than 100. It would have run if Amount had been less than 100.',
    );
  });

  it('5: "Which of all these conditions was it?" The decisive ones alone', async () => {
    const conditions = {
      all: [
        { field: 'name', operator: 'is_not_empty' },
        {
          any: [
            { field: 'amount', operator: 'greater_than', value: 50_000 },
            { field: 'source', operator: 'equals', value: 'Fair' },
          ],
        },
        { none: [{ field: 'stage', operator: 'equals', value: 'Won' }] },
      ],
    };
    const id = await publish(created({ conditions }));
    const told = await why(await lead({ source: 'Phone', amount: 10, stage: 'New' }), id);
    expect(told).toBe(
      'Amount was 10, and the condition asks for: Amount is greater than 50,000. It would have run if Amount had been greater than 50,000, or if Source had been "Fair".',
    );
  });

  it('6: "It worked last week." It was paused, by whom and since when', async () => {
    const id = await publish(created());
    await act(id, 'pause');
    const complaint = await lead();
    expect(await why(complaint, id)).toMatch(/^It was paused by Ada on .* UTC\.$/);
    const { items } = await timeline(complaint);
    expect(items[0].inactive).toContainEqual(expect.objectContaining({ workflowId: id, was: 'paused' }));
  });

  it('7: "The workflow is there, and did nothing." It was published after the event', async () => {
    const draft = await real.call('post', '/automation/workflows').send({ name: 'Late', definition: created() }).expect(201);
    const complaint = await lead();
    await act(draft.body.id, 'publish');
    expect(await why(complaint, draft.body.id)).toMatch(/^It was not published yet\. It was published on .* by Ada, after the event\.$/);
  });

  it('8: "It is active, and did nothing." It listens to something else', async () => {
    const id = await publish({ ...created(), trigger: { type: 'event', module: 'leads', event: 'updated' } });
    expect(await why(await lead(), id)).toBe('Version 1 listens to leads.updated, and this was leads.created.');
  });

  it('9: "The stage was changed, and nothing happened." To another stage than the one that is watched', async () => {
    const id = await publish({ ...created(), trigger: { type: 'event', module: 'leads', event: 'stage_changed', to: ['Won'] } });
    const moved = await lead({ stage: 'Qualified' }, { event: 'stage_changed', previous: { stage: 'New' } });
    expect(await why(moved, id)).toBe('"stage" changed to "Qualified".');
  });

  it('10: "Why did it run twice?" Two events came, each with its run', async () => {
    const id = await publish(created());
    const { recordId } = await lead();
    await again({ id: recordId });
    const { items } = await timeline({ recordId });
    const runs = items.map((item: { event: { actor: object }; looks: { workflowId: string; id: string; status: string }[] }) => [
      item.event.actor,
      item.looks.find(({ workflowId }) => workflowId === id)?.status,
    ]);
    expect(runs).toEqual([
      [expect.objectContaining({ name: 'Ada' }), 'succeeded'],
      [expect.objectContaining({ name: 'Ada' }), 'succeeded'],
    ]);
  });

  it('11: "Why did it run twice?" A person has repeated it from the start', async () => {
    const id = await publish(created({ steps: [{ id: 'nobody', type: 'assign_owner', with: { userId: "{{lower 'nobody'}}" } }] }));
    const complaint = await lead();
    const { body } = await real.call('get', `/automation/events/${complaint.eventId}`).expect(200);
    const [first] = body.runs.filter((run: { workflowId: string }) => run.workflowId === id);
    await real.call('post', `/automation/runs/${first.id}/retry`, 'support').send({ from: 'start' }).expect(200);
    await real.automation.drain();
    const explained = await real.call('get', `/automation/events/${complaint.eventId}/explain?workflowId=${id}`, 'support').expect(200);
    expect(explained.body.rungs[8].sentence).toContain('It was repeated from the start since');
  });

  it('12: "Why not again?" It runs once per record, and has run', async () => {
    const id = await publish(created({ settings: { reentry: 'once_per_record' } }));
    const { recordId } = await lead();
    expect(await why(await again({ id: recordId }), id)).toMatch(/^The workflow runs once per record\. It had run on .* as run /);
  });

  it('13: "Why did it stop calling itself?" That was a loop', async () => {
    const id = await publish({
      trigger: { type: 'event', module: 'leads', event: 'updated' },
      steps: [{ id: 'touch', type: 'change_field', with: { field: 'touches', increment: 1 } }],
    });
    const { recordId } = await lead({}, { event: 'updated' });
    const [event] = await rows(real.database, `SELECT id FROM automation.events WHERE record_id = $1 AND source = 'workflow'`, [recordId]);
    expect(await why({ eventId: String(event?.id) }, id)).toContain('it does not start itself again');
    await act(id, 'pause');
  });

  it('14: "It ran, but there is no mail." It failed at that step, with what to do', async () => {
    const id = await publish(created({ steps: MAIL }));
    expect(await why(await lead(), id)).toMatch(/^Failed at welcome: /);
  });

  it('15: "Nothing has come for hours." It waits, until when', async () => {
    const id = await publish(created({ steps: [{ id: 'cool', type: 'delay', for: 'P2D' }] }));
    expect(await why(await lead(), id)).toMatch(/^Waits at cool until \d{4}-\d\d-\d\d \d\d:\d\d UTC\.$/);
    await act(id, 'pause');
  });

  it('16: "Who changed the owner?" The workflow, run and step, or the person', async () => {
    const id = await publish(created({ steps: [{ id: 'hand-over', type: 'assign_owner', with: { userId: 'u-2' } }] }));
    const complaint = await lead();
    const byStep = (await timeline(complaint)).items.find((item: { by: object | null }) => item.by !== null);
    expect(byStep).toMatchObject({ by: { workflowId: id, path: 'hand-over' }, changes: { ownerId: { from: null, to: 'u-2' } } });
    await act(id, 'pause');
    const before = { id: complaint.recordId, ownerId: 'u-2' };
    await real.automation.publish({
      workspaceId: 'acme',
      module: 'leads',
      event: 'updated',
      record: { ...before, ownerId: 'u-3' },
      previous: before,
      actor: ADA,
    });
    const [byPerson] = (await timeline(complaint)).items;
    expect(byPerson).toMatchObject({ event: { actor: { name: 'Ada' } }, by: null, changes: { ownerId: { from: 'u-2', to: 'u-3' } } });
    await real.automation.drain();
  });

  it('17: "I changed it, and nothing happened at all." The event never came in', async () => {
    await rows(real.database, `INSERT INTO crm_leads (id, "workspaceId", name) VALUES ('silent', 'acme', 'Silent Bob')`);
    expect((await timeline({ recordId: 'silent' })).nothing).toMatch(/^Nothing of "Silent Bob" has come in: .* Events are kept since /);
    expect((await timeline({ recordId: 'typo' })).nothing).toMatch(/^The CRM has no record "typo" in leads, and no event of one is kept/);
  });

  it('18: "Look at lead 42 of that other company." Nobody sees what is not theirs', async () => {
    const id = await publish(created());
    const { recordId, eventId } = await lead();
    const theirs = await real.call('get', `/automation/records/leads/${recordId}/timeline`, 'rival').expect(200);
    expect([theirs.body.items, theirs.body.record.title]).toEqual([[], null]);
    await real.call('get', `/automation/events/${eventId}/explain?workflowId=${id}`, 'rival').expect(404);
    expect((await real.call('get', `/automation/search?q=${recordId}`, 'rival').expect(200)).body.records).toEqual([]);
  });

  it('19: "Somebody called, all I have is a name." It is found, with its id', async () => {
    const { recordId } = await lead({ name: 'Penelope Featherstone' });
    const { body } = await real.call('get', '/automation/search?q=penelope%20feather', 'support').expect(200);
    expect(body.records).toEqual([{ module: 'leads', id: recordId, title: 'Penelope Featherstone' }]);
  });

  it('20: "Why only now?" It was taken back and published again, and the event is older', async () => {
    const id = await publish(created());
    await act(id, 'unpublish');
    const complaint = await lead();
    await act(id, 'publish');
    expect(await why(complaint, id)).toMatch(
      /^It was not published: it had been withdrawn by Ada on .*\. It was active again from .* on\.$/,
    );
  });

  it('21: "The workflow is gone, what did it do?" It is named, with who deleted it', async () => {
    const id = await publish(created());
    const before = await lead();
    await act(id, 'archive');
    await real.call('delete', `/automation/workflows/${id}`).expect(204);
    expect(await why(before, id)).toBe('Succeeded.');
    expect(await why(await lead(), id)).toMatch(/^It had been deleted by Ada on /);
  });

  it('22: "Twelve workflows, and which of them looked at all?" Each with its reason, and how many it did not concern', async () => {
    const concerned = await publish(created(when('source', 'equals', 'Nowhere')));
    const [{ looks, silent }] = (await timeline(await lead({ source: 'Phone' }))).items.slice(-1);
    expect(looks).toContainEqual(
      expect.objectContaining({
        workflowId: concerned,
        status: 'skipped',
        summary: 'Skipped: Source was "Phone", and the condition asks for: Source is "Nowhere".',
      }),
    );
    expect(silent).toBeGreaterThan(0);
  });
});
