import { describe, expect, it } from '@jest/globals';
import type { ActionDescription, Catalog } from '../../../src/core/catalog.js';
import { parseDefinition, publishProblems } from '../../../src/core/definition/parser.js';
import type { JsonObject } from '../../../src/core/json.js';
import { addressedSteps, pathOfAddressed } from '../../../src/core/steps/addresses.js';
import { expireWait, takesAnswers } from '../../../src/core/steps/index.js';
import { seenHeaders } from '../../../src/core/trigger/seen-request.js';
import { compileVersion } from '../../../src/engine/workflows/compiled-version.js';

const ASK = { id: 'ask', type: 'wait_for_webhook' };
const TRIGGER = { type: 'manual', input: [{ name: 'list', type: 'text' }] };
const CATALOG: Catalog = {
  modules: new Map(),
  actions: new Map([['webhook', { type: 'webhook', check: () => [] } as unknown as ActionDescription]]),
};

function problemsOf(...steps: object[]): string[] {
  const outcome = parseDefinition({ trigger: TRIGGER, steps } as JsonObject, null);
  return outcome.ok ? [] : outcome.problems.map(({ path, message }) => `${path}: ${message}`);
}

function definitionOf(...steps: object[]) {
  const outcome = parseDefinition({ trigger: TRIGGER, steps } as JsonObject, null);
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.problems));
  return outcome.definition;
}

describe('a step that waits for a call', () => {
  it('may say what the body must look like, which headers are seen, and what it goes on with', () => {
    const step = { ...ASK, schema: { type: 'object' }, headers: ['x-id'], expiresIn: 'PT1H', onExpiry: 'continue', value: { late: true } };
    expect(definitionOf(step).steps).toMatchObject([
      { kind: 'wait_for_webhook', schema: step.schema, headers: ['x-id'], value: { late: true } },
    ]);
  });

  it.each([
    [{ schema: { type: 'objct' } }, 'steps[0].schema.type: This must be one of'],
    [{ headers: 'x-id' }, 'steps[0].headers: "headers" must be a list'],
    [{ headers: ['x id'] }, 'steps[0].headers[0]: This must be the name of a header.'],
    [{ headers: ['Authorization'] }, 'steps[0].headers[0]: "Authorization" carries credentials'],
    [{ value: 1 }, 'steps[0].value: A "value" is used with "onExpiry": "continue" alone.'],
    [{ onExpiry: 'continue', value: { to: '{{email}}' } }, 'steps[0].value: This is taken as it is: it can hold no template.'],
  ])('cannot have %j', (more, problem) => {
    expect(problemsOf({ ...ASK, ...more })).toEqual([expect.stringContaining(problem)]);
  });

  it.each([
    [{ value: { late: true } }, { late: true }],
    [{}, null],
  ])('goes on with its value when nobody called in time: %j', (more, body) => {
    const [step] = definitionOf({ ...ASK, expiresIn: 'PT1H', onExpiry: 'continue', ...more }).steps;
    expect(step && expireWait(step)).toMatchObject({ status: 'succeeded', output: { body, headers: {}, query: {}, expired: true } });
  });

  it('cannot be published where the application makes no links', () => {
    const executable = {
      kinds: new Set(['wait_for_webhook']),
      triggers: new Set(['manual']),
      longestRunMs: Number.POSITIVE_INFINITY,
      loopItems: 1_000,
      lacking: new Map([['wait_for_webhook', 'a key']]),
    };
    expect(publishProblems(definitionOf(ASK), executable)).toEqual([
      { path: 'steps[0].type', message: 'Steps of type "wait_for_webhook" cannot be run here: the application lacks a key.' },
    ]);
    expect(publishProblems(definitionOf(ASK), { ...executable, lacking: new Map() })).toEqual([]);
  });

  it('is one of those that take answers', () => {
    const types = ['wait_for_webhook', 'approval', 'form', 'run_workflow', 'delay', 'branch', 'create_task'];
    expect(types.filter(takesAnswers)).toEqual(['wait_for_webhook', 'approval', 'form', 'run_workflow']);
  });
});

const call = (id: string, read = '{{steps.ask.resumeUrl}}') => ({
  id,
  type: 'webhook',
  with: { url: 'https://far.test', body: { url: read } },
});
const loop = (id: string, ...steps: object[]) => ({ id, type: 'for_each', in: '{{trigger.input.list}}', steps });
const beside = (id: string, ...branches: object[][]) => ({
  id,
  type: 'parallel',
  branches: branches.map((steps, index) => ({ name: `b${index}`, steps })),
});

describe('the address of such a step', () => {
  it.each<[string, object[]]>([
    ['before it', [call('tell'), ASK]],
    ['beside it', [beside('both', [call('tell')], [ASK])]],
    ['behind it', [ASK, call('tell')]],
    ['for the same item', [loop('each', call('tell'), ASK)]],
    ['deeper in the same item', [loop('each', ASK, loop('inner', call('tell')))]],
  ])('can be read %s', (_, steps) => {
    expect(problemsOf(...steps)).toEqual([]);
  });

  const ITEMS = 'has an address for each item of its loop: only steps for the same item can use it.';
  it.each<[string, object[], string]>([
    ['of an item outside of its loop', [call('tell'), loop('each', ASK)], ITEMS],
    ['of an item of another loop', [loop('each', ASK), loop('other', call('tell'))], ITEMS],
    ['of a step that has none', [{ ...ASK, id: 'other' }, { id: 'ask', type: 'stop' }, call('tell')], 'has no "resumeUrl"'],
    ['of a step that is not there', [{ ...ASK, id: 'asks' }, call('tell')], 'There is no step "ask". Did you mean "asks"?'],
    ['with members', [ASK, call('tell', '{{steps.ask.resumeUrl.path}}')], 'nothing but "output" can be read'],
  ])('cannot be read %s', (_, steps, problem) => {
    const outcome = parseDefinition({ trigger: TRIGGER, steps } as unknown as JsonObject, CATALOG);
    expect(outcome.ok ? [] : outcome.problems.map(({ message }) => message)).toEqual([expect.stringContaining(problem)]);
  });

  it('is not missed where part of the definition cannot be read', () => {
    expect(problemsOf(call('tell'), { id: 'odd' })).toEqual([expect.stringContaining('steps[1].type')]);
  });

  it('is that of the same items of the loops around it', () => {
    const { steps } = definitionOf(ASK, beside('both', [loop('each', { ...ASK, id: 'inner' }, loop('deep', { ...ASK, id: 'deepest' }))]));
    const addressed = addressedSteps(steps);
    expect(addressed).toEqual([
      { id: 'ask', pattern: 'ask' },
      { id: 'inner', pattern: 'both.b0.each[].inner' },
      { id: 'deepest', pattern: 'both.b0.each[].deep[].deepest' },
    ]);
    const at = (path: string) => addressed.map((one) => pathOfAddressed(one, path));
    expect(at('first')).toEqual(['ask', null, null]);
    expect(at('both.b0.each[12].tell')).toEqual(['ask', 'both.b0.each[12].inner', null]);
    expect(at('both.b0.each[12].deep[3].tell')).toEqual(['ask', 'both.b0.each[12].inner', 'both.b0.each[12].deep[3].deepest']);
    expect(at('both.b0.eachother[1].tell')).toEqual(['ask', null, null]);
  });
});

it('a version knows which of its steps read which addresses', () => {
  const definition = { trigger: TRIGGER, steps: [call('tell'), beside('both', [call('none', 'x')], [ASK])] };
  const row = { workspaceId: 'acme', versionId: 'v', version: 1, workflowId: 'w', code: 'c', name: 'n', definition };
  const version = compileVersion(row as never, CATALOG, { get: () => undefined });
  expect([...version.addressesReadBy].filter(([, ids]) => ids.size > 0)).toEqual([['tell', new Set(['ask'])]]);
});

it('of a request’s headers runs see the usual ones and those that were asked for, whatever their capitals', () => {
  const headers = { 'content-type': 'application/json', 'x-id': '7', authorization: 'no', cookie: 'no' };
  expect(seenHeaders(headers, ['X-Id', 'x-other'])).toEqual({ 'content-type': 'application/json', 'x-id': '7' });
});
