import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OPERATORS } from '../../src/core/operators/index.js';
import { DEFINITION } from '../http/support/admin-app.js';
import { Lead } from '../support/sample-crm.js';
import { type RealApp, startRealApp } from './support/real-app.js';

// Attacks inside a definition. What is no JSON for us is refused (400); anything else is saved as a draft with its problems,
// each with its path, and cannot be published (422).

const test = (more: object) => ({ ...DEFINITION, conditions: { field: 'source', operator: 'equals', value: 'Web', ...more } });
const step = (type: string, args: object, more: object = {}) => ({ ...DEFINITION, steps: [{ id: 'one', type, with: args, ...more }] });
const nested = (levels: number) => Array.from({ length: levels }).reduce<object>((inner) => ({ all: [inner] }), DEFINITION.conditions);
const FORBIDDEN = ['__proto__', 'constructor', 'prototype'];

/** What is written, and where the problem is found. */
const PROBLEMS: [attack: string, path: string, definition: object][] = [
  ...[...FORBIDDEN, 'toString', 'hasOwnProperty', 'valueOf'].flatMap((name): [string, string, object][] => [
    [`the module ${name}`, 'trigger.module', { ...DEFINITION, trigger: { type: 'event', module: name, event: 'created' } }],
    [`the event ${name}`, 'trigger.event', { ...DEFINITION, trigger: { type: 'event', module: 'leads', event: name } }],
    [`the trigger ${name}`, 'trigger.type', { ...DEFINITION, trigger: { type: name, module: 'leads', event: 'created' } }],
    [`the operator ${name}`, 'conditions.operator', test({ operator: name })],
    [`the field ${name}`, 'conditions.field', test({ field: name })],
    [`the field record.${name}`, 'conditions.field', test({ field: `record.${name}` })],
    [`a value from the field ${name}`, 'conditions.value.field', test({ value: { field: name } })],
    [`the step type ${name}`, 'steps[0].type', step(name, {})],
    [`change_field of ${name}`, 'steps[0].with.field', step('change_field', { field: name, value: 'x' })],
    [`the setting ${name}`, 'settings.reentry', { ...DEFINITION, settings: { reentry: name } }],
  ]),
  ...FORBIDDEN.flatMap((name): [string, string, object][] => [
    [`the step id ${name}`, 'steps[0].id', { ...DEFINITION, steps: [{ ...DEFINITION.steps[0], id: name }] }],
    [`a field below ${name}`, 'conditions.field', test({ field: `context.${name}.polluted` })],
    [`{{record.${name}}}`, 'steps[0].with.title', step('create_task', { title: `{{record.${name}}}` })],
    [`{{lookup record "${name}"}}`, 'steps[0].with.title', step('create_task', { title: `{{lookup record "${name}"}}` })],
  ]),
  ['change_field of the id', 'steps[0].with.field', step('change_field', { field: 'id', value: 'x' })],
  ['change_field of the workspace', 'steps[0].with.field', step('change_field', { field: 'workspaceId', value: 'rival' })],
  ['change_field of what the CRM sets itself', 'steps[0].with.field', step('change_field', { field: 'createdAt', value: '2025-01-01' })],
  ['the same among several', 'steps[0].with.fields.id', step('change_field', { fields: { name: 'x', id: 'y' } })],
  ['the workspace among several', 'steps[0].with.fields.workspaceId', step('change_field', { fields: { workspaceId: 'rival' } })],
  ['a list for a value', 'conditions.value', test({ value: ['Web', 'Referral'] })],
  ['an operator of a query language', 'conditions.value', test({ value: { $ne: null } })],
  ['an object for a value', 'conditions.value', test({ value: { field: 'name', more: 1 } })],
  ['lists inside a list', 'conditions.value[0]', test({ operator: 'is_any_of', value: [['Web']] })],
  ['objects inside a list', 'conditions.value[0]', test({ operator: 'is_any_of', value: [{ $gt: '' }] })],
  ['an object for an operator', 'conditions.operator', test({ operator: { toString: 'equals' } })],
  ['a list for a field', 'conditions.field', test({ field: ['source'] })],
  ['SQL for a field', 'conditions.field', test({ field: "source'; DROP TABLE x --" })],
  ['an unknown member of a test', 'conditions.script', test({ script: 'process.exit()' })],
  ['a lookahead', 'conditions.value', test({ operator: 'matches', value: '(?=a)b' })],
  ['a negative lookahead', 'conditions.value', test({ operator: 'matches', value: '^(?!a).*$' })],
  ['a lookbehind', 'conditions.value', test({ operator: 'matches', value: '(?<=a)b' })],
  ['a backreference', 'conditions.value', test({ operator: 'matches', value: '(a+)\\1' })],
  ['a pattern that unfolds', 'conditions.value', test({ operator: 'matches', value: '((a{1000}){1000}){1000}' })],
  ['a pattern of a large program', 'conditions.value', test({ operator: 'matches', value: '(.?){990}x' })],
  ['a pattern of 1,001 letters', 'conditions.value', test({ operator: 'matches', value: 'a'.repeat(1_001) })],
  ['a pattern made of the record', 'conditions.value', test({ operator: 'matches', value: '{{record.name}}' })],
  ['501 tests', 'conditions', { ...DEFINITION, conditions: { any: Array.from({ length: 501 }, () => DEFINITION.conditions) } }],
  ['conditions 21 deep', `conditions${'.all[0]'.repeat(20)}`, { ...DEFINITION, conditions: nested(20) }],
  ['a webhook inside', 'steps[0].with.url', step('webhook', { url: 'http://169.254.169.254/latest/meta-data/' })],
  ['a webhook to a database', 'steps[0].with.url', step('webhook', { url: 'http://93.184.216.34:5432/' })],
  ['a webhook to a file', 'steps[0].with.url', step('webhook', { url: 'file:///etc/passwd' })],
  ['a header that breaks out', 'steps[0].with.headers.x-a', step('webhook', { url: 'https://a.test/', headers: { 'x-a': 'b\r\nc: d' } })],
  [
    'a forged signature',
    'steps[0].with.headers.webhook-signature',
    step('webhook', { url: 'https://a.test/', headers: { 'webhook-signature': 'x' } }),
  ],
  [
    'a file to attach',
    'steps[0].with.attachments',
    step('send_email', { to: 'a@b.test', template: 'welcome', attachments: [{ path: '/etc/passwd' }] }),
  ],
  ['raw output in HTML', 'steps[0].with.html', step('send_email', { to: 'a@b.test', subject: 'x', html: '{{{record.name}}}' })],
  ['an unknown member of a step', 'steps[0].workspaceId', step('create_task', { title: 'x' }, { workspaceId: 'rival' })],
];

/** Places for a name that reaches a prototype. */
const PLACES: [place: string, definition: (member: string) => string][] = [
  ['the definition', (member) => `{${member}}`],
  ['the trigger', (member) => `{"trigger":{${member}}}`],
  ['a group of conditions', (member) => `{"conditions":{"all":[{${member}}]}}`],
  ['the value of an operator', (member) => `{"conditions":{"field":"source","operator":"equals","value":{${member}}}}`],
  ['the settings', (member) => `{"settings":{${member}}}`],
  ['a step', (member) => `{"steps":[{${member}}]}`],
  ['the arguments of a step', (member) => `{"steps":[{"with":{${member}}}]}`],
  ['the fields of change_field', (member) => `{"steps":[{"type":"change_field","with":{"fields":{${member}}}}]}`],
  ['the headers of a webhook', (member) => `{"steps":[{"type":"webhook","with":{"headers":{${member}}}}]}`],
  ['the body of a webhook', (member) => `{"steps":[{"type":"webhook","with":{"body":[[{${member}}]]}}]}`],
  ['the data of a mail', (member) => `{"steps":[{"type":"send_email","with":{"data":{"a":{${member}}}}}]}`],
  ['a step of a branch', (member) => `{"steps":[{"type":"branch","branches":[{"steps":[{${member}}]}]}]}`],
];

describe('a definition', () => {
  let real: RealApp;
  beforeAll(async () => {
    real = await startRealApp();
  });
  afterAll(() => real?.close());

  const create = (definition: string) =>
    real.call('post', '/automation/workflows').set('Content-Type', 'application/json').send(`{"name":"Attack","definition":${definition}}`);

  it.each(PROBLEMS)('with %s → a problem at %s, and no version', async (_attack, path, definition) => {
    const saved = await create(JSON.stringify(definition));
    expect(saved.status).toBe(201);
    expect(saved.body.problems.map((problem: { path: string }) => problem.path)).toContain(path);
    for (const action of ['publish', 'activate']) {
      const refused = await real.call('post', `/automation/workflows/${saved.body.id}/${action}`);
      expect([refused.status, refused.body.code]).toEqual([422, 'definition_invalid']);
    }
  });

  it.each(FORBIDDEN.flatMap((name) => PLACES.map(([place, definition]) => [name, place, definition] as const)))(
    'with the name %s in %s → 400',
    async (name, _place, definition) => {
      const answer = await create(definition(`"${name}":{"polluted":true}`));
      expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request']);
      expect(answer.body.problems[0].message).toContain(name);
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    },
  );

  it.each([...OPERATORS.keys()])(
    'with the operator %s and an object of a query language → a problem, never a comparison',
    async (operator) => {
      const saved = await create(JSON.stringify(test({ field: 'name', operator, value: { $ne: null } })));
      expect(saved.status).toBe(201);
      expect(saved.body.problems.length).toBeGreaterThan(0);
    },
  );

  it.each(['^(x+x+)+y$', '(x|x)*y', '(x|xx)+$', '(.*){20}y', '^(([a-z])+.)+[A-Z]$', '(x?){300}x{300}y'])(
    'with the pattern %s, over which others would sit for years → published, run over 20,000 letters, and done',
    async (value) => {
      const saved = await create(JSON.stringify(test({ field: 'name', operator: 'matches', value, caseSensitive: true })));
      expect(saved.body.problems).toEqual([]);
      await real.call('post', `/automation/workflows/${saved.body.id}/publish`).expect(200);
      const record = { id: `l-${value.length}`, workspaceId: 'acme', name: `${'x'.repeat(19_999)}!` } as Lead;
      await real.automation.publish({ workspaceId: 'acme', module: 'leads', event: 'created', record: { ...record } });
      await real.automation.drain();
      const { body } = await real.call('get', `/automation/runs?workflowId=${saved.body.id}`);
      expect(body.items).toMatchObject([{ status: 'skipped', reason: 'conditions' }]);
      await real.call('post', `/automation/workflows/${saved.body.id}/pause`).expect(200);
    },
  );

  it.each([
    ['an id field by a template', { field: '{{trigger.event}}', value: 'x' }, 'created'],
    ['the id', { field: '{{default context.none "id"}}', value: 'x' }, 'id'],
    ['the workspace', { field: '{{default context.none "workspaceId"}}', value: 'rival' }, 'workspaceId'],
    ['a prototype', { field: '{{default context.none "__proto__"}}', value: { polluted: true } }, '__proto__'],
  ])('change_field that names %s only when it runs → the step fails, the record stays', async (_attack, args, name) => {
    const source = `by ${name}`;
    const definition = { ...step('change_field', args), conditions: { field: 'source', operator: 'equals', value: source } };
    const saved = await create(JSON.stringify(definition));
    expect(saved.body.problems).toEqual([]);
    await real.call('post', `/automation/workflows/${saved.body.id}/publish`).expect(200);
    const lead = { id: `l-${name}`, workspaceId: 'acme', name: 'Ann', source };
    await real.database.dataSource.getRepository(Lead).insert(lead);
    await real.automation.publish({ workspaceId: 'acme', module: 'leads', event: 'created', record: lead });
    await real.automation.drain();
    const { body } = await real.call('get', `/automation/runs?workflowId=${saved.body.id}`);
    expect(body.items).toMatchObject([{ status: 'failed', reason: expect.stringMatching(/^field_(unknown|not_writable)$/) }]);
    expect(await real.database.dataSource.getRepository(Lead).findOneByOrFail({ id: lead.id })).toMatchObject(lead);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});
