import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WorkflowVersions } from '../../src/admin/workflow-versions.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { Task } from '../support/sample-crm.js';

/** Makes a task, waits a day, and makes another one. */
const definition = (title: string, event = 'created') => ({
  trigger: { type: 'event', module: 'leads', event },
  steps: [
    { id: 'first', type: 'create_task', with: { title: `${title} first` } },
    { id: 'wait', type: 'delay', for: 'P1D' },
    { id: 'second', type: 'create_task', with: { title: `${title} second` } },
  ],
});

describe('the life of a workflow, as runs meet it', () => {
  let app: AutomationApp;
  let versions: WorkflowVersions;
  beforeAll(async () => {
    app = await startAutomationApp();
    versions = app.module.get(WorkflowVersions);
  });
  afterAll(() => app?.close());

  /** A workflow of its own for each test; the others are out of the way. */
  const begin = async (name: string): Promise<string> => {
    await app.query(`UPDATE automation.workflows SET status = 'paused' WHERE status = 'active'`);
    await app.query('UPDATE automation.active_workflow_generations SET generation = generation + 1');
    return app.publishWorkflow(definition(name), name);
  };
  const edit = async (id: string, title: string): Promise<number> => {
    const { revision } = await app.workflows.get(id, ADMIN);
    return (await app.workflows.update(id, { revision, definition: definition(title) }, ADMIN)).revision;
  };
  const lead = async (): Promise<string> => {
    const { id } = await app.createLead();
    await app.automation.drain();
    return id;
  };
  const tasksOf = async (recordId: string): Promise<string[]> =>
    (await app.source.getRepository(Task).findBy({ recordId })).map(({ title }) => title).sort();
  const finish = async (): Promise<void> => {
    await app.passTime();
    await app.automation.drain();
  };

  it('edits of an active workflow touch the draft alone', async () => {
    const id = await begin('one');
    await edit(id, 'two');
    expect(await tasksOf(await lead())).toEqual(['one first']);
    expect(await app.workflows.get(id, ADMIN)).toMatchObject({ status: 'active', version: 1, hasUnpublishedChanges: true });
  });

  it('runs stay on their version, whatever is published after them', async () => {
    const id = await begin('one');
    const before = await lead();
    await edit(id, 'two');
    await app.workflows.publish(id, ADMIN);
    const after = await lead();
    expect(await versions.list(id, { limit: 5 }, ADMIN)).toMatchObject({
      items: [
        { version: 2, unfinishedRuns: 1, isPublished: true },
        { version: 1, unfinishedRuns: 1, isPublished: false },
      ],
    });
    await finish();
    expect(await tasksOf(before)).toEqual(['one first', 'one second']);
    expect(await tasksOf(after)).toEqual(['two first', 'two second']);
    expect((await app.runsOf({ recordId: before }))[0]).toMatchObject({ version: 1, status: 'succeeded' });
  });

  it('publishing an earlier version again is the way back: it is the next version, and runs do what it did', async () => {
    const id = await begin('good');
    await edit(id, 'bad');
    await app.workflows.publish(id, ADMIN);
    const back = await app.workflows.publish(id, ADMIN, { fromVersion: 1, note: 'Calls came twice.' });
    expect(back).toMatchObject({ status: 'active', version: 3, published: { restoredFrom: 1, note: 'Calls came twice.' } });
    expect(await tasksOf(await lead())).toEqual(['good first']);
    // There was nothing of its own in the draft, so it is what runs now, and nobody publishes the bad one by accident.
    expect(back).toMatchObject({ hasUnpublishedChanges: false, definition: definition('good') });
    await expect(app.workflows.update(id, { revision: 2, name: 'Late' }, ADMIN)).rejects.toMatchObject({ code: 'revision_conflict' });
  });

  it('the way back keeps edits that nobody has published', async () => {
    const id = await begin('good');
    await edit(id, 'bad');
    await app.workflows.publish(id, ADMIN);
    await edit(id, 'in the making');
    const back = await app.workflows.publish(id, ADMIN, { fromVersion: 1 });
    expect(back).toMatchObject({ version: 3, hasUnpublishedChanges: true, definition: definition('in the making') });
    expect(back.published?.definition).toEqual(definition('good'));
  });

  it('what is published again as it stands makes no further version', async () => {
    const id = await begin('same');
    expect(await app.workflows.publish(id, ADMIN, { fromVersion: 1 })).toMatchObject({ version: 1 });
    await expect(app.workflows.publish(id, ADMIN, { fromVersion: 2 })).rejects.toMatchObject({ code: 'version_not_found' });
  });

  it.each([
    ['active', 'active', true],
    ['paused', 'paused', false],
    ['draft', 'paused', false],
  ])('published with `activate: false`, what was %s is %s', async (was, is, runs) => {
    const id = await begin('one');
    if (was === 'paused') await app.workflows.pause(id, ADMIN);
    if (was === 'draft') await app.workflows.unpublish(id, ADMIN);
    await edit(id, 'two');
    expect(await app.workflows.publish(id, ADMIN, { activate: false })).toMatchObject({ status: is, version: 2 });
    // Once more changes nothing.
    expect(await app.workflows.publish(id, ADMIN, { activate: false })).toMatchObject({ status: is, version: 2 });
    expect(await tasksOf(await lead())).toEqual(runs ? ['two first'] : []);
    expect(await app.workflows.publish(id, ADMIN)).toMatchObject({ status: 'active', version: 2 });
    expect(await tasksOf(await lead())).toEqual(['two first']);
  });

  it.each(['pause', 'unpublish', 'archive'] as const)('%s starts nothing more, and runs in flight finish', async (change) => {
    const id = await begin('one');
    const inFlight = await lead();
    await app.workflows[change](id, ADMIN);
    const after = await lead();
    await finish();
    expect(await tasksOf(inFlight)).toEqual(['one first', 'one second']);
    expect(await app.runsOf({ recordId: after })).toEqual([]);
  });

  it('what was unpublished is a draft, keeps its versions, and goes on with the next number', async () => {
    const id = await begin('one');
    expect(await app.workflows.unpublish(id, ADMIN)).toMatchObject({
      status: 'draft',
      version: null,
      published: null,
      hasUnpublishedChanges: true,
      module: 'leads',
    });
    expect(await app.workflows.unpublish(id, ADMIN)).toMatchObject({ status: 'draft' });
    expect((await versions.list(id, { limit: 5 }, ADMIN)).items).toMatchObject([{ version: 1, isPublished: false }]);
    // What lists show is the draft's now.
    await app.workflows.update(id, { revision: 1, definition: definition('two', 'updated') }, ADMIN);
    expect(await app.workflows.get(id, ADMIN)).toMatchObject({ trigger: { event: 'updated' } });
    expect(await app.workflows.publish(id, ADMIN)).toMatchObject({ status: 'active', version: 2 });
  });

  it('what is archived is neither edited nor started until it is restored: paused, or a draft', async () => {
    const id = await begin('one');
    expect(await app.workflows.archive(id, ADMIN)).toMatchObject({ status: 'archived', version: 1 });
    expect(await app.workflows.archive(id, ADMIN)).toMatchObject({ status: 'archived' });
    const archived = { code: 'workflow_archived' };
    await expect(app.workflows.update(id, { revision: 1, name: 'New' }, ADMIN)).rejects.toMatchObject(archived);
    await expect(app.workflows.discard(id, ADMIN)).rejects.toMatchObject(archived);
    for (const change of ['publish', 'activate', 'pause', 'unpublish'] as const) {
      await expect(app.workflows[change](id, ADMIN)).rejects.toMatchObject(archived);
    }
    expect(await app.workflows.restore(id, ADMIN)).toMatchObject({ status: 'paused', version: 1 });
    expect(await app.workflows.restore(id, ADMIN)).toMatchObject({ status: 'paused' });
    await app.workflows.activate(id, ADMIN);
    expect(await app.workflows.restore(id, ADMIN)).toMatchObject({ status: 'active' });
    await app.workflows.unpublish(id, ADMIN);
    await app.workflows.archive(id, ADMIN);
    expect(await app.workflows.restore(id, ADMIN)).toMatchObject({ status: 'draft' });
    await app.workflows.archive(id, ADMIN);
    await app.workflows.delete(id, ADMIN);
  });

  it('discard makes the published version the draft again', async () => {
    const id = await begin('one');
    const revision = await edit(id, 'two');
    await expect(app.workflows.discard(id, ADMIN, revision - 1)).rejects.toMatchObject({ code: 'revision_conflict' });
    const discarded = await app.workflows.discard(id, ADMIN, revision);
    expect(discarded).toMatchObject({ definition: definition('one'), hasUnpublishedChanges: false, revision: revision + 1, version: 1 });
    // With nothing to give up it changes nothing.
    expect(await app.workflows.discard(id, ADMIN)).toMatchObject({ revision: revision + 1 });
    await app.workflows.unpublish(id, ADMIN);
    await expect(app.workflows.discard(id, ADMIN)).rejects.toMatchObject({ code: 'workflow_not_published' });
  });

  it('is not deleted while runs are not over, and says how many there are', async () => {
    const id = await begin('one');
    for (const _ of [1, 2, 3]) await lead();
    await expect(app.workflows.delete(id, ADMIN)).rejects.toMatchObject({
      code: 'workflow_has_active_runs',
      message: 'The workflow has 3 runs that are not over: 3 waiting.',
      details: { runs: 3, runsAreExact: true, byStatus: { queued: 0, running: 0, waiting: 3 } },
    });
    await finish();
    await app.workflows.delete(id, ADMIN);
  });

  it('history keeps the name and the code of a deleted workflow', async () => {
    const id = await begin('Passing');
    const recordId = await lead();
    await finish();
    await app.workflows.delete(id, ADMIN);
    const [run] = await app.runsOf({ recordId });
    expect(run).toMatchObject({ workflowId: id, workflowName: 'Passing', workflowCode: 'passing' });
    const event = await app.runs.getEvent(run?.eventId ?? '', ADMIN);
    expect(event.runs).toMatchObject([{ workflowName: 'Passing' }]);
    await expect(app.workflows.get(id, ADMIN)).rejects.toMatchObject({ code: 'workflow_not_found' });
    // The code is free again, and two workflows of the past may have had it.
    const next = await app.workflows.create({ code: 'passing', name: 'Passing again', definition: definition('x') }, ADMIN);
    await app.workflows.delete(next.id, ADMIN);
    expect((await app.runsOf({ recordId }))[0]).toMatchObject({ workflowName: 'Passing' });
  });

  describe('beside a process of the release before', () => {
    it('shows a draft that it has saved, and publishes it', async () => {
      const id = await begin('one');
      await edit(id, 'two');
      await app.query('UPDATE automation.workflows SET draft = $2, revision = revision + 1 WHERE id = $1', [id, definition('theirs')]);
      expect((await app.workflows.get(id, ADMIN)).definition).toEqual(definition('theirs'));
      const published = await app.workflows.publish(id, ADMIN);
      expect(published).toMatchObject({ version: 2, definition: definition('theirs'), published: { definition: definition('theirs') } });
    });

    it('shows a version that it has published, and goes back to it', async () => {
      const id = await begin('one');
      await app.query('UPDATE automation.workflow_versions SET definition_sent = NULL, definition = $2 WHERE workflow_id = $1', [
        id,
        definition('theirs'),
      ]);
      expect((await app.workflows.get(id, ADMIN)).published?.definition).toEqual(definition('theirs'));
      expect(await versions.get(id, 1, ADMIN)).toMatchObject({ definition: definition('theirs') });
      await edit(id, 'ours');
      expect((await app.workflows.discard(id, ADMIN)).definition).toEqual(definition('theirs'));
    });

    it('keeps the name of a workflow that it deletes', async () => {
      const id = await begin('Theirs');
      const recordId = await lead();
      await finish();
      await app.query('DELETE FROM automation.workflows WHERE id = $1', [id]);
      expect((await app.runsOf({ recordId }))[0]).toMatchObject({ workflowName: 'Theirs', workflowCode: 'theirs' });
    });
  });
});
