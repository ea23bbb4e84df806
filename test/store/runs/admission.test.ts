import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { admitFromQueue, findQueues, lockQueue, type QueueRef } from '../../../src/store/runs/admission.js';
import { type OwnDatabase, openOwnDatabase } from '../support/own-database.js';

describe('the queue of a workflow with a limit', () => {
  let own: OwnDatabase;
  let queue: QueueRef;
  let versionId: string;
  beforeAll(async () => {
    own = await openOwnDatabase();
  });
  beforeEach(async () => {
    await own.query('TRUNCATE automation.runs, automation.workflows CASCADE');
    const workflowId = uuidv7();
    versionId = uuidv7();
    const definition = { settings: { maxConcurrentRuns: 1 } };
    await own.insert('workflows', { workspace_id: 'acme', id: workflowId, code: 'w', name: 'W', draft: definition });
    const version = { workspace_id: 'acme', id: versionId, workflow_id: workflowId, version: 1, definition, published_by: {} };
    await own.insert('workflow_versions', version);
    queue = { workspaceId: 'acme', workflowId };
  });
  afterAll(() => own.close());

  const waits = (eventId = uuidv7()) =>
    own.run({ workflow_id: queue.workflowId, version_id: versionId, event_id: eventId, admission: 'queue', due_at: null });
  const admit = (during: (manager: EntityManager) => Promise<void> = async () => undefined) =>
    own.transaction(async (manager) => {
      await lockQueue(manager, queue);
      const admitted = await admitFromQueue(manager, queue, 100);
      await during(manager);
      return admitted;
    });
  const admitted = async () =>
    (await own.query<{ id: string }>(`SELECT id FROM automation.runs WHERE admission = 'admitted'`)).map(({ id }) => id);

  it('is moved on by one node at a time: the second sees whom the first has admitted, also when somebody came before him meanwhile', async () => {
    const earlier = uuidv7();
    const first = await waits();
    let second: Promise<number> = Promise.resolve(-1);
    await admit(async () => {
      await waits(earlier);
      second = admit();
      await own.someoneWaits();
    });
    expect(await second).toBe(0);
    expect(await admitted()).toEqual([first]);
  });

  it('is found while it has a free place and somebody waits for it', async () => {
    const found = () => own.transaction((manager) => findQueues(manager, 10, null)).then(({ queues }) => queues);
    expect(await found()).toEqual([]);
    await waits();
    await waits();
    expect(await found()).toEqual([queue]);
    expect(await admit()).toBe(1);
    expect(await found()).toEqual([]);
    await own.query(`UPDATE automation.runs SET status = 'succeeded' WHERE admission = 'admitted'`);
    expect(await found()).toEqual([queue]);
  });

  it('is found behind others, however many there are', async () => {
    const first = queue;
    await waits();
    const workflowId = uuidv7();
    await own.insert('workflows', { workspace_id: 'bmce', id: workflowId, code: 'w', name: 'W', draft: {} });
    const second = { workspaceId: 'bmce', workflowId };
    await own.run({ workspace_id: 'bmce', workflow_id: workflowId, module: 'leads', record_id: 'r', admission: 'record', due_at: null });
    const found = (after: QueueRef | null) => own.transaction((manager) => findQueues(manager, 1, after));
    expect(await found(null)).toEqual({ queues: expect.arrayContaining([first, second]), next: first });
    expect(await found(first)).toEqual({ queues: [second], next: second });
    expect(await found(second)).toEqual({ queues: [], next: null });
  });
});
