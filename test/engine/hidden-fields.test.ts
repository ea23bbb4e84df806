import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Column, DataSource, Entity, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import { ExplainService } from '../../src/admin/explain-service.js';
import { TimelineService } from '../../src/admin/timeline-service.js';
import type { AutomationOptions } from '../../src/automation.options.js';
import { AutomationCatalog } from '../../src/engine/automation-catalog.js';
import { typeOrmCrm } from '../../src/host/typeorm-crm-host.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';

class Papers {
  @Column({ type: 'text', nullable: true }) passport!: string | null;
  @Column({ type: 'text', nullable: true }) issuedBy!: string | null;
}

@Entity('hidden_firms')
class Firm {
  @PrimaryColumn({ type: 'text' }) id!: string;
  @Column({ type: 'text' }) workspaceId!: string;
  @Column({ type: 'text' }) name!: string;
  @Column({ type: 'text', nullable: true }) iban!: string | null;
}

@Entity('hidden_people')
class Person {
  @PrimaryColumn({ type: 'text' }) id!: string;
  @Column({ type: 'text' }) workspaceId!: string;
  @Column({ type: 'text' }) name!: string;
  @Column({ type: 'jsonb', nullable: true }) note!: unknown;
  @Column({ type: 'text', nullable: true }) ssn!: string | null;
  @Column(() => Papers) papers!: Papers;
  @Column({ type: 'text', nullable: true }) firmId!: string | null;
  @ManyToOne(() => Firm, { nullable: true }) firm?: Relation<Firm> | null;
}

const SECRETS = ['078-05-1120', 'P-4711', 'DE02-1203'];

describe('a hidden field', () => {
  let app: AutomationApp;
  let source: DataSource;
  const crm = (hidden: boolean) =>
    typeOrmCrm({
      people: { entity: Person, fields: { ssn: { hidden }, 'papers.passport': { hidden } } },
      firms: { entity: Firm, fields: { iban: { hidden } } },
    });

  beforeAll(async () => {
    app = await startWith({ crm: crm(true) });
    await app.query(`INSERT INTO hidden_firms VALUES ('f-1', 'acme', 'Firm', 'DE02-1203')`);
  });
  afterAll(async () => {
    await app.close();
    await source.destroy();
  });

  /** The sample's database, with these entities beside. */
  async function startWith(options: Partial<AutomationOptions>): Promise<AutomationApp> {
    const started = await startAutomationApp();
    source = await new DataSource({
      type: 'postgres',
      url: started.database.url,
      entities: [Person, Firm],
      synchronize: true,
    }).initialize();
    const second = await startAutomationApp({ dataSource: source, ...options }, { database: started.database, emitter: true });
    const close = second.close.bind(second);
    return Object.assign(second, {
      close: async () => {
        await close();
        await started.close();
      },
    });
  }

  const person = (id: string, values: object = {}) => ({
    ...{
      id,
      workspaceId: 'acme',
      name: 'Ada',
      note: null,
      ssn: '078-05-1120',
      papers: { passport: 'P-4711', issuedBy: 'Ulm' },
      firmId: 'f-1',
    },
    ...values,
  });
  const insert = (id: string) =>
    app.query(
      `INSERT INTO hidden_people (id, "workspaceId", name, ssn, "papersPassport", "papersIssuedby", "firmId")
       VALUES ($1, 'acme', 'Ada', '078-05-1120', 'P-4711', 'Ulm', 'f-1')`,
      [id],
    );
  /** Everything that automation has stored, as one text. */
  const stored = async () => {
    const tables = await app.query<{ name: string }>(`SELECT tablename AS name FROM pg_tables WHERE schemaname = 'automation'`);
    const texts = await Promise.all(tables.map(({ name }) => app.query(`SELECT t::text FROM automation."${name}" t`)));
    return JSON.stringify(texts);
  };

  it('is not in the catalogue, nor are hidden members of an embedded entity; the other members are', () => {
    const modules = app.module.get(AutomationCatalog).modules;
    const names = (module: string) => modules.get(module)?.fields.map(({ name }) => name);
    expect(names('people')).toEqual(['id', 'workspaceId', 'name', 'note', 'firmId', 'papers', 'papers.issuedBy']);
    expect(names('firms')).toEqual(['id', 'workspaceId', 'name']);
  });

  it.each([
    ['a condition', { conditions: { field: 'ssn', operator: 'is_not_empty' }, steps: [] }],
    ['a condition on a member', { conditions: { field: 'papers.passport', operator: 'is_not_empty' }, steps: [] }],
    ['a condition on a related record', { conditions: { field: 'firm.iban', operator: 'is_not_empty' }, steps: [] }],
    ['a value to compare with', { conditions: { field: 'name', operator: 'equals', value: { field: 'ssn' } }, steps: [] }],
    ['a template', { steps: [{ id: 's', type: 'change_field', with: { field: 'note', value: '{{ssn}}' } }] }],
    ['a template on a member', { steps: [{ id: 's', type: 'change_field', with: { field: 'note', value: '{{papers.passport}}' } }] }],
    ['a template on a related record', { steps: [{ id: 's', type: 'change_field', with: { field: 'note', value: '{{firm.iban}}' } }] }],
    ['a template on the record before', { steps: [{ id: 's', type: 'change_field', with: { field: 'note', value: '{{previous.ssn}}' } }] }],
    ['a source', { steps: [{ id: 's', type: 'change_field', with: { field: 'note', fromField: 'ssn' } }] }],
    ['a field to change', { steps: [{ id: 's', type: 'change_field', with: { field: 'ssn', value: 'x' } }] }],
    ['a member to change', { steps: [{ id: 's', type: 'change_field', with: { field: 'papers.passport', value: 'x' } }] }],
  ])('cannot be used in %s', async (_, part) => {
    const trigger = { type: 'event', module: 'people', event: 'updated' };
    const { problems } = await app.workflows.create({ name: 'Nosy', definition: { trigger, ...part } as never }, ADMIN);
    expect(problems).not.toEqual([]);
  });

  it('cannot be what a trigger watches', async () => {
    const trigger = { type: 'event', module: 'people', event: 'updated', fields: ['ssn'] };
    const { problems } = await app.workflows.create({ name: 'Nosy', definition: { trigger, steps: [] } as never }, ADMIN);
    expect(problems).toMatchObject([{ path: 'trigger.fields[0]' }]);
  });

  it('is neither stored nor shown, by whatever door the record comes and whatever workflows do with it', async () => {
    const workflowId = await app.publishWorkflow({
      trigger: { type: 'event', module: 'people', event: 'updated' },
      conditions: {
        all: [
          { field: 'papers.issuedBy', operator: 'equals', value: 'Ulm' },
          { field: 'firm.name', operator: 'is_not_empty' },
        ],
      },
      steps: [{ id: 's', type: 'change_field', with: { field: 'note', value: '{{record}}' } }],
    });
    const others = { ssn: '078-05-1120 before', papers: { passport: 'P-4711 before', issuedBy: null } };
    const firm = { id: 'f-1', workspaceId: 'acme', name: 'Firm', iban: 'DE02-1203' };
    for (const id of ['p-1', 'p-2', 'p-3', 'p-4']) await insert(id);
    const event = { workspaceId: 'acme', module: 'people', event: 'updated' };
    await app.automation.publish({ ...event, record: { ...person('p-1'), firm }, previous: person('p-1', others) });
    await app.automation.publishChange({ workspaceId: 'acme', module: 'people', before: person('p-2', others), after: person('p-2') });
    await app.automation.publish({ ...event, recordId: 'p-3' });
    app.emitter.emit('person.updated', person('p-4'));
    app.emitter.emit('people.updated', person('p-4'));
    await app.captured();
    await app.automation.drain();

    // What it changes itself comes back, and is skipped as a loop.
    const runs = (await app.runsOf({ workflowId })).filter(({ status }) => status !== 'skipped');
    expect(runs.map(({ status }) => status)).toEqual(['succeeded', 'succeeded', 'succeeded', 'succeeded']);
    expect(runs.every(({ steps }) => JSON.stringify(steps).includes('issuedBy'))).toBe(true);
    const timelines = await Promise.all(
      ['p-1', 'p-2', 'p-3', 'p-4'].map((recordId) =>
        app.module.get(TimelineService).list({ module: 'people', recordId }, { limit: 50 }, ADMIN),
      ),
    );
    const shown = JSON.stringify([runs, timelines, await stored()]);
    for (const secret of SECRETS) expect(shown).not.toContain(secret);
    // The writes have left it where it was.
    expect(await app.query(`SELECT DISTINCT ssn, "papersPassport" AS passport FROM hidden_people`)).toEqual([
      { ssn: '078-05-1120', passport: 'P-4711' },
    ]);
  });

  it('is shown no more when it was captured before the host hid it', async () => {
    const open = await startAutomationApp({ dataSource: source, crm: crm(false) }, { database: app.database });
    const record = { ...person('p-5'), firm: { id: 'f-1', name: 'Firm', iban: 'DE02-1203' } };
    await open.automation.publishChange({ workspaceId: 'acme', module: 'people', before: { ...record, ssn: null }, after: record });
    await open.close();
    expect(await stored()).toContain('078-05-1120');

    await app.automation.drain();
    const [run] = await app.runsOf({ recordId: 'p-5' });
    expect(run?.event).toMatchObject({
      record: { id: 'p-5', firm: { id: 'f-1', name: 'Firm' }, papers: { issuedBy: 'Ulm' } },
      changes: {},
    });
    const event = await app.runs.getEvent(run?.eventId ?? '', ADMIN);
    const timeline = await app.module.get(TimelineService).list({ module: 'people', recordId: 'p-5' }, { limit: 50 }, ADMIN);
    for (const secret of SECRETS) expect(JSON.stringify([run, event, timeline])).not.toContain(secret);
  });

  it('is shown no more where a step had changed it before the host hid it', async () => {
    const open = await startAutomationApp({ dataSource: source, crm: crm(false) }, { database: app.database });
    // Where nobody listens to what a step changes, the step itself tells of it.
    const active = await app.query<{ id: string }>("SELECT id FROM automation.workflows WHERE status = 'active'");
    for (const { id } of active) await open.workflows.pause(id, ADMIN);
    await open.publishWorkflow({
      trigger: { type: 'event', module: 'people', event: 'created' },
      steps: [
        { id: 'secret', type: 'change_field', with: { field: 'ssn', value: '078-05-1121' } },
        { id: 'both', type: 'change_field', with: { fields: { ssn: '078-05-1122', name: 'Bea' } } },
      ],
    });
    await insert('p-6');
    await open.automation.publish({ workspaceId: 'acme', module: 'people', event: 'created', record: person('p-6') });
    await open.automation.drain();
    const timelineOf = async ({ module }: AutomationApp) =>
      (await module.get(TimelineService).list({ module: 'people', recordId: 'p-6' }, { limit: 50 }, ADMIN)).items;
    expect(JSON.stringify(await timelineOf(open))).toContain('078-05-1122');
    await open.close();

    const items = await timelineOf(app);
    expect(JSON.stringify(items)).not.toContain('078-05-11');
    expect(items.filter(({ kind }) => kind === 'change')).toMatchObject([
      { by: { path: 'both' }, changes: { name: { to: 'Bea' } }, output: null },
      { by: { path: 'secret' }, changes: {}, output: null },
    ]);
  });

  it('is shown no more where a condition had looked at it before the host hid it', async () => {
    const open = await startAutomationApp({ dataSource: source, crm: crm(false) }, { database: app.database });
    const workflowId = await open.publishWorkflow({
      trigger: { type: 'event', module: 'people', event: 'created' },
      conditions: {
        all: [
          { field: 'ssn', operator: 'equals', value: 'x' },
          { field: 'firm.iban', operator: 'is_empty' },
        ],
      },
      steps: [{ id: 'end', type: 'stop' }],
    });
    const firm = { id: 'f-1', name: 'Firm', iban: 'DE02-1203' };
    await insert('p-7');
    await open.automation.publish({ workspaceId: 'acme', module: 'people', event: 'created', record: { ...person('p-7'), firm } });
    await open.automation.drain();
    const [seen] = await open.runsOf({ workflowId });
    expect(JSON.stringify(seen)).toContain('078-05-1120');
    await open.close();

    const [run] = await app.runsOf({ workflowId });
    const event = await app.runs.getEvent(run?.eventId ?? '', ADMIN);
    const explained = await app.module.get(ExplainService).explain(event.id, workflowId, ADMIN);
    expect(run?.explanation).toMatchObject({
      all: [
        { field: 'ssn', seen: null },
        { field: 'firm.iban', seen: null },
      ],
    });
    expect(explained.answer).toContain('ssn was empty (the field is not shown any more)');
    const { items } = await app.runs.list({ workflowId }, { limit: 10 }, ADMIN);
    expect(items[0]?.summary).toContain('was empty (the field is not shown any more)');
    for (const secret of SECRETS) expect(JSON.stringify([run, event, explained, items])).not.toContain(secret);
  });
});
