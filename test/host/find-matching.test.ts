import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../src/core/json.js';
import { CrmFixture } from './crm-fixture.js';

describe('finding records by their fields', () => {
  let fixture: CrmFixture;
  beforeAll(async () => {
    fixture = await CrmFixture.create();
  });
  beforeEach(() => fixture.clear());
  afterAll(() => fixture.close());

  const find = async (match: JsonObject, workspaceId = 'acme'): Promise<unknown[]> => {
    const found = await fixture.inTransaction((tx) => fixture.host.findMatching(tx, 'leads', { match, limit: 2 }), workspaceId);
    return found.map(({ name }) => name);
  };

  it.each<[string, JsonObject]>([
    ['a text', { name: 'Ada' }],
    ['a value of an enum', { stage: 'Qualified' }],
    ['an amount', { amount: '12.50' }],
    ['what is stored in another form', { budget: 7.25 }],
    ['a bigint', { views: '9007199254740993' }],
    ['several at once', { name: 'Ada', stage: 'Qualified', amount: 12.5 }],
  ])('by %s', async (_what, match) => {
    await fixture.lead({ name: 'Ada', stage: 'Qualified', amount: '12.50', budget: 7.25, views: '9007199254740993' });
    await fixture.lead({ name: 'Bob' });
    expect(await find(match)).toEqual(['Ada']);
    expect(await find(match, 'rival')).toEqual([]);
  });
});
