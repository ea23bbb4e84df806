import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { claimUnroutedEvents, findUnroutedEvents } from '../../src/store/event-claims.js';
import { RELEASE } from '../../src/store/release.js';
import { Turns } from '../../src/store/turns.js';
import { type OwnDatabase, openOwnDatabase } from './support/own-database.js';

describe('a claim of events beside workspaces that are left alone for now', () => {
  let own: OwnDatabase;
  beforeAll(async () => {
    own = await openOwnDatabase();
  });
  beforeEach(() => own.query('TRUNCATE automation.events'));
  afterAll(() => own.close());

  const events = async (workspaceId: string, count: number): Promise<void> => {
    for (let index = 0; index < count; index += 1)
      await own.insert('events', {
        workspace_id: workspaceId,
        id: uuidv7(),
        module: 'leads',
        event: 'created',
        actor: {},
        source: 'publish',
      });
  };
  const claim = (limit: number, except: readonly string[], turns = new Turns(), shares: [string, number][] = []): Promise<string[]> =>
    own.transaction(async (manager) => {
      await manager.query(`SET LOCAL automation.release = '${RELEASE}'`);
      return (await claimUnroutedEvents(manager, limit, turns, { except, shares: new Map(shares) }))
        .map(({ workspaceId }) => workspaceId)
        .sort();
    });

  it('shares among the others alone', async () => {
    await events('a', 4);
    await events('stalled', 4);
    const turns = new Turns();
    expect(await claim(4, ['stalled'], turns)).toEqual(['a', 'a', 'a', 'a']);
    expect(turns.isShared).toBe(false);
    await events('a', 4);
    expect(await claim(4, [])).toEqual(['a', 'a', 'stalled', 'stalled']);
  });

  it('goes past them, however many stand before the others', async () => {
    for (const workspaceId of ['a', 'b', 'c']) await events(workspaceId, 1);
    await events('z', 2);
    expect(await claim(2, ['a', 'b', 'c'])).toEqual(['z', 'z']);
    expect(await claim(2, ['a', 'b', 'c'])).toEqual([]);
    const found = await own.transaction((manager) => findUnroutedEvents(manager, 2, new Turns(), { except: ['a'], shares: new Map() }));
    expect(found.flat().map(({ workspaceId }) => workspaceId)).toEqual(['b', 'c']);
  });

  it('takes no more of a workspace than its share, and the others no less for it', async () => {
    await events('a', 4);
    await events('paced', 4);
    const shares: [string, number][] = [['paced', 1]];
    expect(await claim(6, [], new Turns(), shares)).toEqual(['a', 'a', 'a', 'paced']);
    expect(await claim(6, [], new Turns(), shares)).toEqual(['a', 'paced']);
  });

  it('gives each its turn', async () => {
    for (const workspaceId of ['a', 'b', 'stalled', 'x', 'y']) await events(workspaceId, 2);
    const turns = new Turns();
    const claims = [];
    for (let time = 0; time < 4; time += 1) claims.push(await claim(2, ['stalled'], turns));
    expect(claims).toEqual([
      ['a', 'b'],
      ['x', 'y'],
      ['a', 'b'],
      ['x', 'y'],
    ]);
  });
});
