import { describe, expect, it } from '@jest/globals';
import { parseDefinition } from '../../src/core/definition/parser.js';
import type { AutomationError } from '../../src/core/errors.js';
import { contextBytes, type ExtractionScope, extractFrom, extracts, patched } from '../../src/core/extract.js';
import type { JsonObject } from '../../src/core/json.js';
import { contextAt } from '../../src/core/plan/contexts.js';
import { loopAt } from '../../src/core/plan/loop-at.js';
import { pathsReadBy } from '../../src/core/steps/reads.js';
import { compileTemplate, renderJson, templateProblems } from '../../src/core/template/template.js';
import { action, definition, parallel } from './plan/support.js';
import { scope } from './template/fixture.js';

const seen = (output: JsonObject | null): ExtractionScope => ({ ...scope, output });
const thrown = (work: () => unknown): AutomationError => {
  try {
    work();
  } catch (error) {
    return error as AutomationError;
  }
  throw new Error('nothing was thrown');
};

describe('what a step extracts', () => {
  it('is each value as it is, from its output and from all that the step saw', () => {
    const step = {
      id: 's',
      extract: {
        score: '{{output.body.score}}',
        list: '{{output.list}}',
        text: '{{output.body.score}} of {{email}}',
        fixed: { a: [1, '{{output.list.length}}'] },
      },
      extractToContext: { next: '{{output.next}}' },
    };
    expect(extractFrom(step, seen({ body: { score: 7 }, list: [1], next: null }), {})).toEqual({
      run: { score: 7, list: [1], text: '7 of ada@acme.test', fixed: { a: [1, 1] } },
      workflow: { next: null },
    });
    expect(extracts(step)).toBe(true);
    expect(extracts({ id: 'x' })).toBe(false);
    expect(extractFrom({ id: 'x' }, seen(null), {})).toEqual({});
  });

  it('reads "output" as what the step has left, also where the record has a field of that name; elsewhere it is the field', () => {
    const data = { record: { output: 'a field' }, output: { x: 1 } };
    const inside = '{{#each output.list}}{{this}}{{output.x}}{{/each}}';
    expect(renderJson(['{{output.x}}', '{{record.output}}', '{{output}}'], data, { locals: ['output'] })).toEqual([1, 'a field', { x: 1 }]);
    expect(renderJson('{{output}}', data)).toBe('a field');
    expect(compileTemplate(inside, { locals: ['output'] }).render({ output: { list: [1, 2], x: 'x' } })).toBe('1x2x');
    expect(compileTemplate('{{#with output}}{{this.x}}{{/with}}{{y}}', { locals: ['output'] }).paths).toEqual([
      'output',
      'output.x',
      'record.y',
    ]);
    expect(templateProblems({ a: '{{output.x' }, 'extract', { locals: ['output'] })).toMatchObject([{ path: 'extract.a' }]);
  });

  it('that cannot be taken names the member', () => {
    const error = thrown(() => extractFrom({ id: 's', extract: { good: 1, bad: { deep: '{{output.no}}' } } }, seen({}), {}));
    expect(error).toMatchObject({
      code: 'extract_failed',
      details: { member: 'extract.bad', path: 'output.no' },
      problems: [{ path: 'extract.bad' }],
    });
    expect(error.message).toContain('"extract.bad" cannot be taken from it: "output.no" does not exist for this run.');
    expect(thrown(() => extractFrom({ id: 's', extractToContext: { x: '{{output.no}}' } }, seen(null), {})).details?.member).toBe(
      'extractToContext.x',
    );
  });

  it('has its limits: for one step, and for the workflow with all that it holds already', () => {
    const text = 'x'.repeat(40_000);
    const large = { id: 's', extract: { a: '{{output.text}}', b: '{{output.text}}' } };
    expect(thrown(() => extractFrom(large, seen({ text }), {})).code).toBe('context_too_large');
    const shared = { id: 's', extractToContext: { a: '{{output.text}}' } };
    expect(thrown(() => extractFrom(shared, seen({ text }), { b: text })).code).toBe('context_too_large');
    expect(extractFrom(shared, seen({ text }), { a: text })).toEqual({ workflow: { a: text } });
    expect(contextBytes({ ab: 'cd', n: 1 })).toBe(8);
  });
});

it('a patch leaves what it does not name, and takes away what is null; a null that was there stays', () => {
  expect(patched({ a: 1, b: 2, c: null }, { b: null, d: [3] })).toEqual({ a: 1, c: null, d: [3] });
});

describe('the context', () => {
  const done = (path: string, extracted: object | null = null, more: object = {}) => ({
    path,
    attempt: 1,
    status: 'succeeded' as const,
    output: {},
    extracted,
    ...more,
  });

  it('shows the values of the workflow at the beginning with the changes of earlier steps, and above them those of the run', () => {
    const steps = [action('a'), action('b'), action('c'), action('d')];
    const executions = [
      done('a', { run: { x: 'run' } }),
      done('b', { workflow: { x: 'workflow', old: null } }),
      done('c', { run: { y: 1 } }),
    ];
    const view = (path: string | null) => contextAt(definition(steps), { startedAt: '', executions }, path, { old: 1, kept: 2 });
    expect(view('a')).toEqual({ workflow: { old: 1, kept: 2 }, all: { old: 1, kept: 2 } });
    expect(view('c')).toEqual({ workflow: { kept: 2, x: 'workflow' }, all: { kept: 2, x: 'run' } });
    expect(view(null).all).toEqual({ kept: 2, x: 'run', y: 1 });
  });

  it('does not depend on the order in which branches were done, and forgets what a person has sent back', () => {
    const steps = [parallel('p', 'all', { l: [action('a')], r: [action('b')] }), action('after')];
    const a = done('p.l.a', { run: { x: 'left' } });
    const b = done('p.r.b', { run: { x: 'right' } });
    const view = (executions: object[], path: string) =>
      contextAt(definition(steps), { startedAt: '', executions: executions as never }, path, {}).all;
    expect(view([a, b], 'after')).toEqual({ x: 'right' });
    expect(view([b, a], 'after')).toEqual({ x: 'right' });
    expect(view([a, b], 'p.r.b')).toEqual({});
    expect(view([a, { ...b, superseded: true }], 'after')).toEqual({ x: 'left' });
  });
});

it('the item and the index of a path are those of the innermost loop', () => {
  const items = { path: 'each', attempt: 1, status: 'succeeded' as const, output: { items: ['a', { b: 1 }] } };
  const inner = { path: 'each[1].again', attempt: 1, status: 'succeeded' as const, output: { items: [5] } };
  const history = { executions: [items, inner] };
  expect(loopAt(history, 'note')).toBeUndefined();
  expect(loopAt(history, 'each[1].route.x.note')).toEqual({ item: { b: 1 }, index: 1 });
  expect(loopAt(history, 'each[1].again[0].note')).toEqual({ item: 5, index: 0 });
  expect(loopAt(history, 'other[0].note')).toEqual({ item: null, index: 0 });
});

it('what extraction reads is read, its own output aside', () => {
  const steps = [action('a', { extract: { x: '{{account.name}} {{output.y}}' }, extractToContext: { z: ['{{context.z}}'] } })];
  expect([...pathsReadBy(steps, () => ({ paths: [] }))].sort()).toEqual(['context.z', 'output.y', 'record.account.name']);
});

describe('a definition that extracts', () => {
  const catalog = {
    modules: new Map(),
    actions: new Map([
      [
        'note',
        {
          type: 'note',
          label: 'Note',
          effect: 'local' as const,
          argumentsSchema: {},
          output: { id: 'text', raw: 'json' } as const,
          check: () => [],
        },
      ],
    ]),
  };
  const parse = (...steps: object[]) => parseDefinition({ trigger: { type: 'manual' }, steps } as never, catalog);
  const problems = (...steps: object[]) => {
    const parsed = parse(...steps);
    return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path}: ${message}`);
  };

  it('is read, whatever the kind of step', () => {
    const extract = { id: '{{output.id}}', any: '{{output.raw.deep}}', all: '{{output}}' };
    const parsed = parse(
      { id: 'a', type: 'note', extract },
      { id: 'sub', type: 'run_workflow', workflow: 'x', wait: true, extractToContext: { status: '{{output.status}}' } },
    );
    expect(parsed).toMatchObject({ ok: true, definition: { steps: [{ extract }, { extractToContext: { status: '{{output.status}}' } }] } });
  });

  it('is told what its step never leaves, and which names cannot be', () => {
    expect(problems({ id: 'a', type: 'note', extract: { x: ['{{output.nme}}'], 'a b': 1, constructor: 2 } })).toEqual([
      'steps[0].extract.constructor: This name is not allowed as a key.',
      expect.stringContaining('steps[0].extract["a b"]: A name in a context'),
      'steps[0].extract.x[0]: Step "a" never has "output.nme"; of "output" there is: id, raw.',
    ]);
    expect(problems({ id: 'a', type: 'note', with: { x: '{{steps.a.output.id}}' }, extract: { x: '{{steps.a.output.id}}' } })).toHaveLength(
      2,
    );
    expect(problems({ id: 'a', type: 'note', extract: [1], extractToContext: 'x' })).toEqual([
      'steps[0].extract: "extract" must be an object: the name of each value, and what it is.',
      'steps[0].extractToContext: "extractToContext" must be an object: the name of each value, and what it is.',
    ]);
    expect(problems({ id: 'a', type: 'note', extract: { x: '{{output.id' } })).toHaveLength(1);
    const many = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`k${index}`, 1]));
    expect(problems({ id: 'a', type: 'note', extract: many })).toEqual(['steps[0].extract: "extract" must have at most 50 values.']);
    const deep = JSON.parse(`${'['.repeat(40)}1${']'.repeat(40)}`);
    expect(problems({ id: 'a', type: 'note', extract: { deep } })).toEqual(['steps[0].extract: This is nested deeper than 32 levels.']);
  });

  it('has nothing to extract where a step leaves nothing of its own', () => {
    const branches = ['a', 'b'].map((name) => ({ name, steps: [{ id: name, type: 'note' }] }));
    expect(problems({ id: 'p', type: 'parallel', join: 'all', branches, extract: { x: 1 } })).toEqual([
      expect.stringContaining('steps[0].extract: This is not known here.'),
    ]);
  });

  it('sees the item inside a loop, and "output" nowhere else', () => {
    const each = (step: object) => ({ id: 'each', type: 'for_each', in: '{{trigger.list}}', steps: [step] });
    expect(problems(each({ id: 'a', type: 'note', extract: { x: '{{item.id}} {{output.id}}' } }))).toEqual([]);
  });
});
