import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Column, DataSource, Entity, ManyToOne, PrimaryColumn, type Relation, VirtualColumn } from 'typeorm';
import { AutomationCatalog } from '../../src/engine/automation-catalog.js';
import { typeOrmCrm } from '../../src/host/typeorm-crm-host.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';

@Entity('computed_quotes')
class Quote {
  @PrimaryColumn({ type: 'text' }) id!: string;
  @Column({ type: 'text' }) workspaceId!: string;
  @Column({ type: 'numeric', precision: 10, scale: 2 }) price!: string;
  @Column({ type: 'integer' }) quantity!: number;
  @Column({ type: 'text', default: '' }) note!: string;
  @Column({ type: 'text', nullable: true }) card!: string | null;
  @Column({ type: 'jsonb', nullable: true }) settings!: unknown;
  @VirtualColumn('int', { query: (alias) => `SELECT count(*) FROM computed_parts p WHERE p."quoteId" = ${alias}.id` }) parts!: number;

  net(): number {
    return Number(this.price) * this.quantity;
  }
}

@Entity('computed_parts')
class Part {
  @PrimaryColumn({ type: 'text' }) id!: string;
  @Column({ type: 'text' }) workspaceId!: string;
  @Column({ type: 'text' }) quoteId!: string;
  @ManyToOne(() => Quote) quote?: Relation<Quote>;
}

describe('computed fields', () => {
  let app: AutomationApp;
  let base: AutomationApp;
  let source: DataSource;
  const crm = typeOrmCrm({
    quotes: {
      entity: Quote,
      fields: {
        card: { hidden: true },
        total: { type: 'money', label: 'In all', get: (quote) => quote.net() * 1.19 },
        lastDigits: { type: 'text', get: (quote) => quote.card?.slice(-4) },
        broken: {
          type: 'text',
          get: () => {
            throw new Error('never');
          },
        },
      },
    },
    parts: { entity: Part },
  });

  beforeAll(async () => {
    base = await startAutomationApp();
    source = await new DataSource({ type: 'postgres', url: base.database.url, entities: [Quote, Part], synchronize: true }).initialize();
    app = await startAutomationApp({ dataSource: source, crm }, { database: base.database });
  });
  afterAll(async () => {
    await app.close();
    await base.close();
  });

  const insert = async (id: string, parts = 2): Promise<Quote> => {
    const quote = Object.assign(new Quote(), { id, workspaceId: 'acme', price: '10.00', quantity: 3, card: '4111-1111' });
    await source.getRepository(Quote).insert(quote as object);
    const made = Array.from({ length: parts }, (_, at) => ({ id: `${id}-${at}`, workspaceId: 'acme', quoteId: id }));
    await source.getRepository(Part).insert(made);
    return quote;
  };
  const created = { workspaceId: 'acme', module: 'quotes', event: 'created' };
  const noting = (conditions: object, value = '{{total}} of {{parts}} by {{lastDigits}}, {{broken}}') => ({
    trigger: { type: 'event', module: 'quotes', event: 'created' },
    conditions,
    steps: [{ id: 's', type: 'change_field', with: { field: 'note', value } }],
  });
  const noteOf = async (id: string) => (await source.getRepository(Quote).findOneByOrFail({ id })).note;

  it('are in the catalogue, never writable', () => {
    const fields = app.module.get(AutomationCatalog).modules.get('quotes')?.fields ?? [];
    expect(fields.filter(({ computed }) => computed)).toMatchObject([
      { name: 'parts', type: 'number', nullable: true, writable: false },
      { name: 'total', label: 'In all', type: 'money', nullable: true, writable: false },
      { name: 'lastDigits', type: 'text', writable: false },
      { name: 'broken', type: 'text', writable: false },
    ]);
  });

  it.each(['total', 'parts'])('cannot be changed by a step: %s', async (field) => {
    const definition = { ...noting({ all: [] }), steps: [{ id: 's', type: 'change_field', with: { field, value: 1 } }] };
    const { problems } = await app.workflows.create({ name: 'Cheat', definition: definition as never }, ADMIN);
    expect(problems).toMatchObject([{ message: `the field '${field}' cannot be changed by workflows` }]);
  });

  it('are in conditions and templates: told from hidden columns too, empty where they cannot be told, whatever the event carried', async () => {
    const conditions = {
      all: [
        { field: 'total', operator: 'greater_than', value: 35 },
        { field: 'parts', operator: 'equals', value: 2 },
      ],
    };
    const workflowId = await app.publishWorkflow(noting(conditions));
    const entity = await insert('q-1');
    await insert('q-2');
    await insert('q-3');
    await insert('q-4', 1);
    await app.automation.publish({ ...created, record: entity });
    await app.automation.publish({ ...created, recordId: 'q-2' });
    await app.automation.publish({ ...created, record: { id: 'q-3' } });
    await app.automation.publish({ ...created, recordId: 'q-4' });
    await app.automation.drain();
    const runs = await app.runsOf({ workflowId });
    expect(runs.map(({ recordId, status }) => [recordId, status])).toEqual([
      ['q-1', 'succeeded'],
      ['q-2', 'succeeded'],
      ['q-3', 'succeeded'],
      ['q-4', 'skipped'],
    ]);
    expect(runs[0]?.event?.record).toMatchObject({ total: 35.7, lastDigits: '1111' });
    for (const id of ['q-1', 'q-2', 'q-3']) expect(await noteOf(id)).toBe('35.7 of 2 by 1111, ');
    const stored = await app.query('SELECT e::text FROM automation.events e');
    expect(JSON.stringify(stored)).not.toContain('4111');
  });

  it('change with what they are told from, and not because only one of two records tells them', async () => {
    const before = await insert('q-5');
    const after = Object.assign(new Quote(), before, { quantity: 4 });
    const changes = async (record: object) => {
      await app.automation.publishChange({ workspaceId: 'acme', module: 'quotes', before, after: record });
      const [row] = await app.query("SELECT changes FROM automation.events WHERE record_id = 'q-5' ORDER BY id DESC LIMIT 1");
      return row?.changes;
    };
    expect(await changes(after)).toEqual({ quantity: { from: 3, to: 4 }, total: { from: 35.7, to: 47.6 } });
    expect(await changes({ ...after })).toEqual({ quantity: { from: 3, to: 4 } });
  });

  it('live beside members of JSON columns, which steps change by their path', async () => {
    const workflowId = await app.publishWorkflow({
      ...noting({ field: 'id', operator: 'equals', value: 'q-6' }),
      steps: [
        { id: 'a', type: 'change_field', with: { field: 'settings.tone', value: 'warm' } },
        { id: 'b', type: 'change_field', with: { fields: { 'settings.count': 2, note: '{{settings.tone}}' } } },
      ],
    });
    await app.automation.publish({ ...created, record: await insert('q-6') });
    await app.automation.drain();
    const [run] = await app.runsOf({ workflowId, recordId: 'q-6' });
    expect(run?.steps.map(({ output }) => output)).toEqual([
      { field: 'settings.tone', from: null, to: 'warm' },
      { changes: { 'settings.count': { from: null, to: 2 }, note: { from: '35.7 of 2 by 1111, ', to: 'warm' } } },
    ]);
    expect(await source.getRepository(Quote).findOneByOrFail({ id: 'q-6' })).toMatchObject({ settings: { tone: 'warm', count: 2 } });
  });

  it.each([
    [{ total: { get: (): number => 1 } }, "The computed field 'total' of Quote needs a `type`."],
    [{ note: { type: 'text' as const, get: (): string => 'x' } }, "The computed field 'note' of Quote has the name of a column."],
    [
      { total: { type: 'money' as const, writable: true, get: (): number => 1 } },
      "The computed field 'total' of Quote cannot be writable.",
    ],
  ])('are refused at start when they cannot be: %#', (fields, message) => {
    expect(() => typeOrmCrm({ quotes: { entity: Quote, fields } }).attach(source)).toThrow(message);
  });
});
