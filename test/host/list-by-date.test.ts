import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Column, DataSource, Entity, PrimaryColumn, VirtualColumn } from 'typeorm';
import type { DateRange } from '../../src/host/crm-host.js';
import { EntityTable } from '../../src/host/typeorm/entity-table.js';
import { listByDate } from '../../src/host/typeorm/list-by-date.js';
import { Article } from './crm-entities.js';
import { CrmFixture } from './crm-fixture.js';

describe('listing records by a date', () => {
  let fixture: CrmFixture;
  beforeAll(async () => {
    fixture = await CrmFixture.create();
  });
  beforeEach(() => fixture.clear());
  afterAll(() => fixture.close());

  const list = (module: string, range: Partial<DateRange> = {}, workspaceId = 'acme') =>
    fixture.inTransaction(
      (tx) => fixture.host.listByDate(tx, module, { field: 'closedAt', from: '2027-01-01T00:00:00Z', after: null, limit: 100, ...range }),
      workspaceId,
    );

  it('finds those of the workspace that lie at or after it, page by page in the order of their keys', async () => {
    const at = (text: string | null) => (text === null ? null : new Date(text));
    const ids: number[] = [];
    for (const closedAt of ['2027-01-01', '2026-12-31', null, '2030-05-05', '2027-02-02'])
      ids.push((await fixture.deal({ closedAt: at(closedAt) })).id);
    await fixture.deal({ closedAt: at('2030-01-01'), workspaceId: 'rival' });
    const found = [ids[0], ids[3], ids[4]].map(String);
    expect(await list('opportunities')).toEqual(found);
    expect(await list('opportunities', { limit: 2 })).toEqual(found.slice(0, 2));
    expect(await list('opportunities', { limit: 2, after: found[1] as string })).toEqual(found.slice(2));
    expect(await list('opportunities', {}, 'nobody')).toEqual([]);
  });

  it('goes by keys of any type, days, times without a zone, and leaves out what is deleted', async () => {
    const leads = await Promise.all(
      [0, 1, 2, 3].map(() => fixture.lead({ birthday: '2027-03-03', localAt: new Date('2027-03-03') } as never)),
    );
    await fixture.dataSource.query(`UPDATE "crm leads" SET "deletedAt" = now() WHERE id = $1`, [leads[0]?.id]);
    const found = leads
      .slice(1)
      .map(({ id }) => id)
      .sort();
    for (const field of ['birthday', 'localAt']) {
      expect(await list('leads', { field })).toEqual(found);
      expect(await list('leads', { field, after: found[0] as string })).toEqual(found.slice(1));
      expect(await list('leads', { field, from: '2027-04-01T00:00:00Z' })).toEqual([]);
    }
  });

  it('goes by columns of embedded entities', async () => {
    const since = (day: string | null) => fixture.lead({ address: { street: null, since: day } } as never);
    const [before, after] = [await since('2026-12-31'), await since('2027-05-05')];
    await since(null);
    expect(await list('leads', { field: 'address.since' })).toEqual([after.id]);
    expect(await list('leads', { field: 'address.since', from: '2026-01-01T00:00:00Z' })).toEqual([before.id, after.id].sort());
  });

  it('goes by columns that a query works out', async () => {
    @Entity('list_by_date_projects')
    class Project {
      @PrimaryColumn({ type: 'text' }) id!: string;
      @Column({ type: 'text' }) workspaceId!: string;
      @Column({ type: 'date' }) startsOn!: string;
      @VirtualColumn('timestamptz', { query: (alias) => `SELECT ${alias}."startsOn" + interval '1 year'` }) endsAt!: Date;
    }
    const { url } = fixture.dataSource.options as { url: string };
    const source = await new DataSource({ type: 'postgres', url, entities: [Project], synchronize: true }).initialize();
    await source.manager.insert(Project, [
      { id: 'old', workspaceId: 'acme', startsOn: '2025-01-01' },
      { id: 'new', workspaceId: 'acme', startsOn: '2026-02-01' },
    ]);
    const table = new EntityTable(source, { entity: Project }, null);
    const range = { field: 'endsAt', from: '2027-01-01T00:00:00Z', after: null, limit: 100 };
    expect(await listByDate({ manager: source.manager, workspaceId: 'acme' }, table, range)).toEqual(['new']);
    await source.destroy();
  });

  it('lists all that have a value where the database does not know it as a date, and none by what is no column', async () => {
    await fixture.dataSource.manager.insert(Article, [
      { code: 'b', body: '2027-01-01' },
      { code: 'a', body: 'x' },
    ]);
    expect(await list('articles', { field: 'body' })).toEqual(['a', 'b']);
    expect(await list('articles', { field: 'body', after: 'a' })).toEqual(['b']);
    expect(await list('leads', { field: 'address' })).toEqual([]);
    expect(await list('leads', { field: 'gone' })).toEqual([]);
  });

  it('lists all of a module behind one of them, by keys of any type', async () => {
    const behind = (module: string, after?: string) =>
      fixture.inTransaction((tx) => {
        const query = { anyOf: {}, sort: [], offset: 0, limit: 3, ...(after !== undefined && { after }) };
        return fixture.host.listIds(tx, module, query);
      }, 'acme');
    const deals: string[] = [];
    for (let count = 0; count < 12; count += 1) deals.push(String((await fixture.deal({})).id));
    await fixture.deal({ workspaceId: 'rival' });
    const found: string[] = [];
    for (let page = await behind('opportunities'); page.length > 0; page = await behind('opportunities', found.at(-1))) found.push(...page);
    expect(found).toEqual(deals);
    const leads = (await Promise.all([fixture.lead({}), fixture.lead({})])).map(({ id }) => id).sort();
    expect(await behind('leads', leads[0])).toEqual(leads.slice(1));
    for (const module of ['leads', 'opportunities']) expect(await behind(module, 'no id')).toEqual([]);
  });
});
