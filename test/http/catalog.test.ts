import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { Column, DataSource, Entity, PrimaryColumn } from 'typeorm';
import { ERROR_CODES } from '../../src/core/error-codes.js';
import type { JsonObject } from '../../src/core/json.js';
import { OPERATORS } from '../../src/core/operators/index.js';
import { SCOPE_ROOTS } from '../../src/core/scope.js';
import { TEMPLATE_HELPERS } from '../../src/core/template/helpers.js';
import { typeOrmCrm } from '../../src/host/typeorm-crm-host.js';
import { type RealApp, startRealApp } from '../security/support/real-app.js';
import { createTestDatabase } from '../support/database.js';
import { publishedWorkflow, seedRun } from './support/seed.js';

const LISTS = ['modules', 'triggers', 'operators', 'actions', 'stepTypes', 'mailTemplates', 'skipReasons', 'errors'];

describe('the catalogue', () => {
  let real: RealApp;
  // biome-ignore lint/suspicious/noExplicitAny: an answer as it came.
  let catalog: any;
  let definition: object;
  beforeAll(async () => {
    real = await startRealApp({ timezone: 'Europe/Berlin' });
    catalog = (await real.call('get', '/automation/catalog', 'viewer').expect(200)).body;
    definition = (await real.call('get', '/automation/definition.schema.json', 'viewer').expect(200)).body;
  });
  afterAll(() => real?.close());

  it('holds all that a definition may refer to', () => {
    for (const name of LISTS) expect([name, catalog[name].length > 0]).toEqual([name, true]);
    expect(catalog.timezone).toBe('Europe/Berlin');
    expect(catalog.mailTemplates).toContain('welcome');
    expect(catalog.modules.map(({ name, stages }: { name: string; stages: unknown }) => [name, stages])).toEqual([
      ['leads', ['New', 'Contacted', 'Qualified', 'Won']],
      ['accounts', null],
      ['tasks', null],
    ]);
  });

  it('says of every trigger, step and action what it is made of, by a schema that can be used', () => {
    const ajv = new Ajv2020({
      strict: true,
      keywords: ['x-control', 'x-module'],
      strictRequired: false,
      strictTypes: false,
      validateFormats: false,
    });
    ajv.addSchema(definition, 'definition.schema.json');
    const all = [...catalog.triggers, ...catalog.stepTypes];
    for (const { label, description, schema, executable } of all) {
      expect([label, description, executable]).toEqual([expect.stringMatching(/\w/), expect.stringMatching(/\.$/), expect.any(Boolean)]);
      expect(() => ajv.compile(schema)).not.toThrow();
    }
    for (const { label, argumentsSchema } of catalog.actions) {
      expect(label).toMatch(/\w/);
      expect(() => ajv.compile(argumentsSchema)).not.toThrow();
    }
    expect(ajv.validate(catalog.settings, { reentry: { oncePer: 'P1D' } })).toBe(true);
    const branch = catalog.stepTypes.find(({ type }: { type: string }) => type === 'branch');
    const check = ajv.compile(branch.schema);
    const named = (when: object) => ({ id: 'a', type: 'branch', branches: [{ name: 'x', when, steps: [] }] });
    expect([check(named({ all: [] })), check(named({ field: 'a', operator: 'equal' }))]).toEqual([true, false]);
  });

  it('says what state machines are made of, by schemas that hold the same as that of whole machines', async () => {
    const ajv = new Ajv2020({
      strict: true,
      keywords: ['x-control', 'x-module'],
      strictRequired: false,
      strictTypes: false,
      validateFormats: false,
    });
    ajv.addSchema(definition, 'definition.schema.json');
    const { triggers, state, transition, settings } = catalog.machines;
    const types = (kinds: { type: string }[]) => kinds.map(({ type }) => type);
    expect(types(triggers.module)).toEqual(['manual', 'event', 'webhook', 'import', 'export', 'poll', 'timeout']);
    expect(types(triggers.integration)).toEqual(['manual', 'event', 'webhook', 'poll', 'timeout']);
    expect(types(triggers.start)).toEqual(['event', 'import', 'export']);
    for (const { label, description, schema } of [...triggers.module, ...triggers.integration, ...triggers.start]) {
      expect([label, description]).toEqual([expect.stringMatching(/\w/), expect.stringMatching(/\.$/)]);
      expect(() => ajv.compile(schema)).not.toThrow();
    }
    const [byHand, , delivery] = triggers.module;
    expect(ajv.validate(byHand.schema, { type: 'manual', roles: ['boss'] })).toBe(true);
    // The module is the machine's.
    expect(ajv.validate(delivery.schema, { type: 'webhook', record: { match: { email: '{{trigger.body.email}}' } } })).toBe(true);
    expect(delivery.schema.properties.record.properties.match).toEqual({
      type: 'object',
      additionalProperties: true,
      'x-control': 'field',
    });
    expect(ajv.validate(state, { code: 'SENT', timeout: { after: 'PT48H', transition: 'lapse' } })).toBe(true);
    expect(ajv.validate(settings, { maxDuration: 'P1D' })).toBe(true);
    const check = ajv.compile(transition);
    const sent = (conditions: object) => ({ code: 'send', from: 'NEW', to: 'SENT', trigger: { type: 'manual' }, conditions });
    expect([check(sent({ all: [] })), check(sent({ field: 'a', operator: 'equal' }))]).toEqual([true, false]);
  });

  it('says of every operator how it reads, which fields it fits and what its value is', () => {
    expect(catalog.operators.map(({ name }: { name: string }) => name)).toEqual([...OPERATORS.keys()]);
    for (const operator of catalog.operators) {
      expect(operator).toMatchObject({ label: expect.stringMatching(/\w/), value: expect.any(String), kind: expect.any(String) });
      if (operator.value === 'amount') expect(operator.units).toContain('business_day');
      if (operator.value === 'period') expect(operator.periods).toContain('quarter');
    }
  });

  it('has the whole language of templates', () => {
    const { roots, helpers } = catalog.templates;
    expect(roots.map(({ name }: { name: string }) => name)).toEqual([...SCOPE_ROOTS]);
    expect(helpers.map(({ name }: { name: string }) => name)).toEqual([...TEMPLATE_HELPERS.keys()]);
  });

  it('says what a form offers for an argument that names somebody or something, and which module its fields are of', () => {
    const controls = (schema: JsonObject, at: string): string[] =>
      Object.entries((schema.properties ?? {}) as Record<string, JsonObject>).flatMap(([name, one]) => [
        ...(one['x-control'] === undefined ? [] : [`${at}.${name}: ${one['x-control']}`]),
        ...(one['x-module'] === undefined ? [] : [`${at}.${name} of ${JSON.stringify(one['x-module'])}`]),
        ...controls(one, `${at}.${name}`),
        ...controls((one.items ?? {}) as JsonObject, `${at}.${name}[]`),
      ]);
    const actions = catalog.actions.flatMap(({ type, argumentsSchema }: { type: string; argumentsSchema: JsonObject }) =>
      controls(argumentsSchema, type),
    );
    expect(actions.sort()).toEqual([
      'add_note.authorId: user',
      'add_note.body: text',
      'add_note.record.module: module',
      'add_note.record: record',
      'add_tag.record.module: module',
      'add_tag.record: record',
      'advance_machine.record.module: module',
      'advance_machine.record: record',
      'assign_owner.role: role',
      'assign_owner.userId: user',
      'assign_owner.userIds: user',
      'change_field.field: writable-field',
      'change_field.fields: writable-field',
      'create_record.fields of ["module"]',
      'create_record.fields: writable-field',
      'create_record.module: module',
      'create_task.assigneeId: user',
      'create_task.description: text',
      'create_task.record: record',
      'find_records.fields of ["module"]',
      'find_records.fields: field',
      'find_records.module: module',
      'find_records.sort of ["module"]',
      'find_records.sort[].field: field',
      'find_records.where of ["module"]',
      'find_records.where: condition',
      'http_request.assert of []',
      'http_request.assert: condition',
      'move_stage.stage: stage',
      'remove_tag.record.module: module',
      'remove_tag.record: record',
      'send_email.html: html',
      'send_email.template: mail-template',
      'send_email.text: text',
      'send_notification.body: text',
      'send_notification.role: role',
      'send_notification.to: user',
      'update_related.fields of ["relation","record"]',
      'update_related.fields: writable-field',
      'update_related.record.module: module',
      'update_related.record: record',
      'update_related.relation: relation',
      'webhook.secret: secret',
    ]);
    const delivery = catalog.triggers.find(({ type }: { type: string }) => type === 'webhook');
    expect(controls(delivery.schema, 'webhook')).toEqual([
      'webhook.record.module: module',
      'webhook.record.match: field',
      'webhook.record.match of ["module"]',
      'webhook.record.set: writable-field',
      'webhook.record.set of ["module"]',
    ]);
    const steps = catalog.stepTypes.flatMap(({ type, schema }: { type: string; schema: JsonObject }) => controls(schema, type));
    expect(steps).toEqual(
      expect.arrayContaining([
        'approval.assignees: user',
        'approval.escalation.role: role',
        'approval.message: text',
        'approval.queue: queue',
        'approval.show: field',
        'delay.untilField: field',
        'form.role: role',
        'run_workflow.workflow: workflow',
      ]),
    );
  });

  it('has every code of an error with its status and what to do, and every reason of a skipped run', () => {
    expect(catalog.errors.map(({ code, status }: { code: string; status: number }) => [code, status])).toEqual(Object.entries(ERROR_CODES));
    expect(catalog.skipReasons.map(({ reason }: { reason: string }) => reason)).toEqual(
      expect.arrayContaining(['paused', 'conditions', 'reentry', 'loop', 'plan']),
    );
  });

  it('has the schema of whole definitions beside it', async () => {
    const schema = (await real.call('get', '/automation/definition.schema.json', 'viewer').expect(200)).body;
    const validate = new Ajv2020({
      strict: true,
      keywords: ['x-control', 'x-module'],
      strictRequired: false,
      strictTypes: false,
      validateFormats: false,
    }).compile(schema);
    const steps = [{ id: 'a', type: 'create_task', with: { title: 'x' } }];
    expect(validate({ trigger: { type: 'event', module: 'leads', event: 'created' }, steps })).toBe(true);
    expect(validate({ trigger: { type: 'event', module: 'leads', event: 'wiped' }, steps })).toBe(false);
    expect(validate({ trigger: { type: 'event', module: 'accounts', event: 'created', fields: ['industry'] }, steps })).toBe(true);
    expect(validate({ trigger: { type: 'event', module: 'accounts', event: 'created', fields: ['stage'] }, steps })).toBe(false);
  });

  describe('and what is asked for again and again', () => {
    const tagged = async (path: string, ifNoneMatch?: string) => {
      const request = real.call('get', path, 'viewer');
      const answer = await (ifNoneMatch === undefined ? request : request.set('If-None-Match', ifNoneMatch));
      return { status: answer.status, tag: answer.headers.etag as string, body: answer.text };
    };

    it.each(['/automation/catalog', '/automation/definition.schema.json'])('%s is answered 304 to whoever has it', async (path) => {
      const { status, tag } = await tagged(path);
      expect([status, tag]).toEqual([200, expect.stringMatching(/^W\/"[\w-]{27}"$/)]);
      for (const has of [tag, tag.replace('W/', ''), `"other", ${tag}`, '*']) {
        expect(await tagged(path, has)).toEqual({ status: 304, tag, body: '' });
      }
      for (const has of ['"other"', 'W/"other", "another"', tag.slice(0, -2), '']) expect((await tagged(path, has)).status).toBe(200);
      // Nobody is told by a tag what they may not see.
      expect((await real.call('get', path, 'nobody').set('If-None-Match', tag)).status).toBe(403);
    });

    it('a run is answered 304 until something of it has changed', async () => {
      const workflow = await publishedWorkflow(real as never);
      const id = await seedRun(real.database, workflow, { status: 'waiting' });
      const path = `/automation/runs/${id}`;
      const { tag } = await tagged(path);
      expect((await tagged(path, tag)).status).toBe(304);
      await real.call('post', `${path}/cancel`).send({}).expect(200);
      const after = await tagged(path, tag);
      expect(after.status).toBe(200);
      expect(after.tag).not.toBe(tag);
      expect(JSON.parse(after.body)).toMatchObject({ id, status: 'cancelled' });
    });
  });
});

@Entity('catalog_stages')
class Stage {
  @PrimaryColumn({ type: 'text' }) id!: string;
  @Column({ type: 'text' }) workspaceId!: string;
  @Column({ type: 'text' }) name!: string;
  @Column({ type: 'int' }) position!: number;
}

@Entity('catalog_deals')
class Deal {
  @PrimaryColumn({ type: 'text' }) id!: string;
  @Column({ type: 'text' }) workspaceId!: string;
  @Column({ type: 'text' }) stage!: string;
}

it("the stages of a pipeline that is stored are the workspace's own", async () => {
  const database = await createTestDatabase();
  const source = await new DataSource({ type: 'postgres', url: database.url, entities: [Stage, Deal], synchronize: true }).initialize();
  const crm = typeOrmCrm({ deals: { entity: Deal, stage: 'stage', stages: { entity: Stage } } });
  await source.getRepository(Stage).insert([
    { id: '2', workspaceId: 'acme', name: 'Won', position: 2 },
    { id: '1', workspaceId: 'acme', name: 'New', position: 1 },
    { id: '3', workspaceId: 'rival', name: 'Secret', position: 1 },
  ]);
  const real = await startRealApp({ dataSource: source, crm });
  const stages = async (token: string) => (await real.call('get', '/automation/catalog', token).expect(200)).body.modules[0].stages;
  expect([await stages('admin'), await stages('rival')]).toEqual([['New', 'Won'], ['Secret']]);
  await source.getRepository(Stage).insert({ id: '4', workspaceId: 'acme', name: 'Lost', position: 3 });
  expect(await stages('admin')).toEqual(['New', 'Won', 'Lost']);
  await real.close();
  await source.destroy();
  await database.drop();
});
