import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import {
  changeActiveWorkflows,
  loadActiveWorkflows,
  loadTargets,
  loadVersions,
  shareActiveWorkflows,
} from '../../src/store/active-workflows.js';
import { claimTheseEvents } from '../../src/store/event-claims.js';
import { RELEASE } from '../../src/store/release.js';
import { raiseGeneration } from '../../src/store/workflow-store.js';
import { type OwnDatabase, openOwnDatabase } from './support/own-database.js';

let own: OwnDatabase;
beforeAll(async () => {
  own = await openOwnDatabase();
});
beforeEach(() => own.query('TRUNCATE automation.workflows, automation.workflow_versions, automation.active_workflow_generations CASCADE'));
afterAll(() => own.close());

/** A workflow and, published or not, its versions; the last one is the published one. */
async function workflow(row: object = {}, versions = 1): Promise<{ id: string; versionIds: string[] }> {
  const id = uuidv7();
  const versionIds = Array.from({ length: versions }, () => uuidv7());
  const { workspace_id = 'acme', ...rest } = row as { workspace_id?: string };
  await own.insert('workflows', {
    workspace_id,
    id,
    code: id,
    name: 'Welcome',
    status: 'active',
    draft: {},
    problems: [],
    published_version_id: versionIds.at(-1) ?? null,
    published_version: versions || null,
    ...rest,
  });
  for (const [index, versionId] of versionIds.entries()) {
    await own.insert('workflow_versions', {
      workspace_id,
      id: versionId,
      workflow_id: id,
      version: index + 1,
      definition: { n: index + 1 },
      published_by: { type: 'system', id: null },
    });
  }
  return { id, versionIds };
}

describe('routing and publishing in one workspace', () => {
  const share = (workspaces: readonly string[]) => own.transaction((manager) => shareActiveWorkflows(manager, workspaces));
  const change = (workspaceId: string) =>
    own.transaction(async (manager) => {
      await changeActiveWorkflows(manager, workspaceId);
      await raiseGeneration(manager, workspaceId);
    });

  it('exclude each other: a publication waits for those that route', async () => {
    let isOver = false;
    let publication: Promise<void> = Promise.resolve();
    await own.transaction(async (manager) => {
      await shareActiveWorkflows(manager, ['rival', 'acme']);
      publication = change('acme').then(() => {
        isOver = true;
      });
      await own.someoneWaits();
      expect(isOver).toBe(false);
    });
    await publication;
    expect(await share(['acme'])).toEqual(new Map([['acme', '1']]));
  });

  it('exclude each other: a router waits for a publication, and reads what that has changed', async () => {
    await change('acme');
    let routing: Promise<Map<string, string>> = Promise.resolve(new Map());
    await own.transaction(async (manager) => {
      await changeActiveWorkflows(manager, 'acme');
      routing = share(['acme']);
      await own.someoneWaits();
      await raiseGeneration(manager, 'acme');
    });
    expect(await routing).toEqual(new Map([['acme', '2']]));
  });

  it('exclude each other: of two publications the second waits', async () => {
    let second: Promise<void> = Promise.resolve();
    await own.transaction(async (manager) => {
      await changeActiveWorkflows(manager, 'acme');
      second = change('acme');
      await own.someoneWaits();
    });
    await second;
  });

  it('exclude each other from the claim of an event on, which waits for nobody: it says where somebody publishes', async () => {
    const id = uuidv7();
    await own.insert('events', { workspace_id: 'acme', id, module: 'leads', event: 'created', actor: {}, source: 'publish' });
    const claimed = async (manager: EntityManager) => {
      await manager.query(`SET LOCAL automation.release = '${RELEASE}'`);
      const [event] = await claimTheseEvents(manager, [{ workspaceId: 'acme', id }]);
      return event?.sharing;
    };
    /** Claims, says what it is told, and takes the claim back. */
    const claim = (meanwhile: () => Promise<void> = async () => undefined) =>
      own
        .transaction(async (manager) => {
          const sharing = await claimed(manager);
          await meanwhile();
          throw Object.assign(new Error('taken back'), { sharing });
        })
        .catch((error: { sharing?: unknown }) => error.sharing);
    expect(await claim()).toEqual({ generation: null });
    await change('acme');
    let publication: Promise<void> = Promise.resolve();
    const sharing = await claim(async () => {
      publication = change('acme');
      await own.someoneWaits();
    });
    expect(sharing).toEqual({ generation: '1' });
    await publication;
    await own.transaction(async (manager) => {
      await changeActiveWorkflows(manager, 'acme');
      expect(await claim()).toBeNull();
    });
    expect(await claim()).toEqual({ generation: '2' });
  });

  it('are nothing to routers beside them, nor to other workspaces', async () => {
    await own.transaction(async (manager) => {
      await shareActiveWorkflows(manager, ['acme']);
      expect(await share(['acme', 'rival'])).toEqual(new Map());
      await change('rival');
      expect(await share(['acme', 'rival'])).toEqual(new Map([['rival', '1']]));
    });
    await own.transaction(async (manager) => {
      await changeActiveWorkflows(manager, 'acme');
      expect(await share(['rival'])).toEqual(new Map([['rival', '1']]));
    });
  });
});

describe('the active workflows of a workspace', () => {
  it('are those that are active and published, in the order in which they were created', async () => {
    const [first, second] = [await workflow({ name: 'Z' }), await workflow({ name: 'A' })];
    await workflow({ status: 'paused' });
    await workflow({ status: 'archived' });
    await workflow({}, 0);
    await workflow({ workspace_id: 'rival' });
    expect(await own.transaction((manager) => loadActiveWorkflows(manager, 'acme'))).toEqual([
      { id: first.id, code: first.id, name: 'Z', versionId: first.versionIds[0] },
      { id: second.id, code: second.id, name: 'A', versionId: second.versionIds[0] },
    ]);
  });

  it('are told apart where a start names one: its published version, the one it names, or none', async () => {
    const [two, paused, draft, other] = [
      await workflow({}, 2),
      await workflow({ status: 'paused' }),
      await workflow({}, 0),
      await workflow(),
    ];
    const foreign = await workflow({ workspace_id: 'rival' });
    const [older, newer] = two.versionIds as [string, string];
    const ask = (workflowId: string, versionId?: string) => ({ workspaceId: 'acme', workflowId, ...(versionId && { versionId }) });
    const found = await own.transaction((manager) =>
      loadTargets(manager, [
        ask(two.id),
        ask(two.id, older),
        ask(two.id, other.versionIds[0]),
        ask(paused.id),
        ask(draft.id),
        ask(foreign.id),
        ask(uuidv7()),
      ]),
    );
    const shown = found.map(({ workspaceId, workflowId, asked, status, versionId }) => [workspaceId, workflowId, asked, status, versionId]);
    expect(shown).toHaveLength(5);
    expect(shown).toEqual(
      expect.arrayContaining([
        ['acme', two.id, null, 'active', newer],
        ['acme', two.id, older, 'active', older],
        ['acme', two.id, other.versionIds[0], 'active', null],
        ['acme', paused.id, null, 'paused', paused.versionIds[0]],
        ['acme', draft.id, null, 'active', null],
      ]),
    );
  });

  it('have versions, which a workspace reads of its own alone', async () => {
    const [mine, theirs] = [await workflow({ name: 'Mine' }, 2), await workflow({ workspace_id: 'rival' })];
    const refs = [mine.versionIds[0], theirs.versionIds[0]].map((versionId) => ({ workspaceId: 'acme', versionId: versionId as string }));
    expect(await own.transaction((manager) => loadVersions(manager, refs))).toEqual([
      {
        workspaceId: 'acme',
        versionId: mine.versionIds[0],
        version: 1,
        workflowId: mine.id,
        code: mine.id,
        name: 'Mine',
        definition: { n: 1 },
        transition: null,
      },
    ]);
  });
});
