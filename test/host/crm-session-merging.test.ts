import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { RecordData } from '../../src/core/event.js';
import type { Json, JsonObject } from '../../src/core/json.js';
import type { PlannedChange } from '../../src/host/crm-host.js';
import { CrmUnitOfWork, type NewEvent, type UpdateResult } from '../../src/host/crm-session.js';
import { CrmFixture } from './crm-fixture.js';

let fixture: CrmFixture;
beforeAll(async () => {
  fixture = await CrmFixture.create();
  // A rule of the CRM: what a refused call would have done must not be seen by those after it.
  Object.assign(fixture.host, {
    validate: (_module: string, { after }: PlannedChange) =>
      Number(after.amount) < 0 || String(after.name).length > 8 ? [{ path: 'amount', message: 'no' }] : [],
  });
});
afterAll(() => fixture.close());

const RECORDS = 3;

interface Update {
  record: number;
  change: (record: RecordData) => JsonObject;
}

const quarter = fc.integer({ min: -400, max: 400 }).map((quarters) => quarters / 4);
const text = fc.string({ unit: 'binary', maxLength: 12 });
const change: fc.Arbitrary<Update['change']> = fc.oneof(
  quarter.map((by) => ({ amount }: RecordData) => ({ amount: Number(amount ?? 0) + by })),
  quarter.map((by) => ({ budget }: RecordData) => ({ budget: Number(budget ?? 0) + by })),
  quarter.map((by) => ({ amount }: RecordData) => ({ amount: String(Number(amount ?? 0) + by) })),
  fc.bigInt({ min: 0n, max: 2n ** 62n }).map((views) => () => ({ views: String(views) })),
  text.map((name) => () => ({ name })),
  text.map((tag) => ({ tags }: RecordData) => ({ tags: [...(tags as Json[]), tag] })),
  fc.constantFrom('New', 'Qualified', 'Converted').map((stage) => () => ({ stage })),
  fc.jsonValue({ maxDepth: 2 }).map((extra) => ({ name }: RecordData) => ({ extra: extra as Json, name: `${name}!`.slice(-20) })),
  fc.option(text, { nil: null }).map((street) => () => ({ address: { street, since: '2020-01-31' } })),
  fc.constant(({ birthday }: RecordData) => ({ birthday: birthday === null ? '2024-02-29' : null })),
  fc.constant(({ optIn }: RecordData) => ({ optIn: !optIn, contactedAt: '2024-01-01T00:00:00+02:00' })),
  fc.constant(() => ({})),
  fc
    .constantFrom<JsonObject>({ nope: 1 }, { stage: 'Nowhere' }, { name: null }, { amount: 'x' }, { accountId: 'x' }, { ownerId: '7' })
    .map((wrong) => () => wrong),
);
const updates = fc.array(fc.record({ record: fc.integer({ min: 0, max: RECORDS }), change }), { minLength: 1, maxLength: 15 });

describe('updates that are merged into one batch', () => {
  it('equal the same updates done one after the other', async () => {
    await fc.assert(
      fc.asyncProperty(updates, async (sequence) => {
        const merged = await outcome('acme', (calls) => Promise.all(calls.map((call) => call())), sequence);
        const oneByOne = await outcome('rival', (calls) => inTurn(calls), sequence);
        expect(merged).toEqual(oneByOne);
      }),
      { numRuns: 100 },
    );
  }, 60_000);
});

async function inTurn<T>(calls: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = [];
  for (const call of calls) results.push(await call());
  return results;
}

/** What the updates answer, what they tell of, and what they leave in the database, without what differs by nature. */
async function outcome(
  workspaceId: string,
  perform: (calls: (() => Promise<UpdateResult | string>)[]) => Promise<(UpdateResult | string)[]>,
  sequence: readonly Update[],
): Promise<unknown> {
  const leads = await inTurn(Array.from({ length: RECORDS }, () => () => fixture.lead({ workspaceId })));
  const ids = [...leads.map(({ id }) => id), '00000000-0000-0000-0000-000000000000'];
  const neutral = (record: RecordData | null | undefined) =>
    record && { ...record, id: ids.indexOf(String(record.id)), workspaceId: null, createdAt: null, updatedAt: null, version: null };
  const [results, events] = await fixture.transaction(async (manager) => {
    const unit = new CrmUnitOfWork(fixture.host, manager);
    const answers = await perform(
      sequence.map(({ record, change }, at) => async () => {
        const step = unit.forStep({ workspaceId, actor: { type: 'workflow', id: `w-${at}` }, cause: null });
        return step.update({ module: 'leads', id: ids[record] as string }, change).catch((error: { code: string }) => error.code);
      }),
    );
    return [answers, unit.takeEvents()] as const;
  });
  const found = await fixture.inTransaction((tx) =>
    fixture.host.findRecords({ ...tx, workspaceId }, 'leads', ids, { lock: false, relations: [] }),
  );
  return {
    results: results.map((result) =>
      typeof result === 'string' ? result : { before: neutral(result.before), after: neutral(result.after) },
    ),
    events: events.map(({ changes, ...event }: NewEvent) => ({
      ...event,
      workspaceId: null,
      recordId: ids.indexOf(String(event.recordId)),
      record: neutral(event.record),
      previous: neutral(event.previous),
      changes: { ...changes, updatedAt: null, version: null },
    })),
    saved: ids.map((id) => neutral(found.get(id))),
  };
}
