import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AutomationError } from '../../src/core/errors.js';
import type { JsonObject } from '../../src/core/json.js';
import { compileTemplate, createTemplateEngine, renderJson, templateProblems } from '../../src/core/template/template.js';
import { failure, render } from '../core/template/fixture.js';

// Attacks by templates: what an admin writes, and what a stranger wrote into a record that a template reads.

describe('a template', () => {
  /** Fails the test when anything but an own member is read. */
  function guarded(own: JsonObject): JsonObject {
    const bait = new Proxy(
      {},
      {
        get(_, name) {
          // JSON.stringify asks every object for it.
          if (name === 'toJSON') return undefined;
          throw new Error(`read ${String(name)} from a prototype`);
        },
      },
    );
    return Object.assign(Object.create(bait) as JsonObject, own);
  }

  const names = [
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'valueOf',
    'hasOwnProperty',
    '__defineGetter__',
    '__lookupGetter__',
    'toLocaleString',
    'name',
    'length',
    'map',
    'call',
    'apply',
    'bind',
  ];

  it.each(names.slice(0, 9))('%s of nothing is readable', (name) => {
    const data = { record: { text: 'a', list: [1], object: {} }, trigger: { body: {} } };
    for (const base of ['', 'record.', 'text.', 'list.', 'object.', 'trigger.body.', '@root.', 'this.']) {
      const error = failure(() => render(`{{${base}${name}}}`, data));
      expect(['template_invalid', 'template_path_missing']).toContain(error.code);
      expect(render(`{{#if (or ${base}length null)}}{{/if}}`, data)).toBe('');
    }
  });

  it.each([
    // Known payloads against Handlebars: prototype walks to Function, helper objects, and trees in the place of texts.
    `{{#with "s" as |string|}}{{#with "e"}}{{#with split as |conslist|}}{{this.pop}}{{this.push (lookup string.sub "constructor")}}{{this.pop}}{{#with string.split as |codelist|}}{{this.pop}}{{this.push "return process.env"}}{{this.pop}}{{#each conslist}}{{#with (string.sub.apply 0 codelist)}}{{this}}{{/with}}{{/each}}{{/with}}{{/with}}{{/with}}{{/with}}`,
    '{{#with (__lookupGetter__ "__proto__")}}{{this}}{{/with}}',
    '{{constructor.constructor "return process" }}',
    '{{#each this}}{{this.constructor.constructor}}{{/each}}',
    '{{__defineGetter__ "undefined" valueOf}}',
    '{{#with __proto__}}{{valueOf}}{{/with}}',
    '{{#with (helperMissing.constructor "x")}}{{/with}}',
    '{{helperMissing.name}}{{blockHelperMissing.name}}',
    '{{record.toString.constructor "x"}}',
    '{{lookup this "constructor"}}',
    '{{lookup (lookup this "__proto__") "x"}}',
    '{{#*inline "x"}}{{/inline}}{{> x}}',
    '{{> (lookup . "x")}}',
    '{{@root.constructor}}',
    '{{@partial-block}}',
    '{{{record.constructor.prototype}}}',
    '{{#with record}}{{#with constructor}}{{constructor "return 1"}}{{/with}}{{/with}}',
    '{{record.[constructor].[constructor]}}',
    '{{record.["constructor"]}}',
    '{{record/constructor/constructor}}',
    '{{#each record as |value key|}}{{value.constructor}}{{/each}}',
    '{{#with record as |r|}}{{r.__proto__.toString}}{{/with}}',
    '{{lookup record (upper "a")}}',
    '{{#lookup record "a"}}{{/lookup}}',
    '{{log "x"}}',
    '{{raw record}}',
    '{{eval "1"}}',
    '{{#*decorate}}{{/decorate}}',
    '{{* decorate}}',
    '{{#> layout}}x{{/layout}}',
    '{{> "../../etc/passwd"}}',
    '{{this.constructor}}',
    '{{../constructor}}',
    '{{@root.__proto__}}',
    '{{@data.root.constructor}}',
    '{{date record.a __proto__="x"}}',
    '{{upper record.a constructor="x"}}',
  ])('%s', (source) => {
    const error = failure(() => compileTemplate(source).render(guarded({ record: guarded({ a: 1 }) })));
    expect(['template_invalid', 'template_path_missing']).toContain(error.code);
  });

  it('never reads from a prototype and only ever fails in known ways, whatever the template', () => {
    const name = fc.constantFrom('record', 'trigger', 'list', 'this', 'text', 'item', '@index', '@root', '..', '[0]', '0', ...names);
    const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('.'));
    const argument = fc.oneof(path, fc.constantFrom('"constructor"', '5', 'null', 'true'));
    const call = fc
      .tuple(
        fc.constantFrom('upper', 'default', 'eq', 'or', 'date', 'lookup', 'toString', 'constructor'),
        fc.array(argument, { maxLength: 3 }),
      )
      .map(([helper, values]) => [helper, ...values].join(' '));
    const nestedCall = fc.tuple(fc.constantFrom('upper', 'not', 'and'), call).map(([helper, inner]) => `${helper} (${inner})`);
    const expression = fc.oneof(path, call, nestedCall);
    const { source } = fc.letrec<{ source: string; block: string }>((tie) => ({
      source: fc
        .array(
          fc.oneof(
            { maxDepth: 3 },
            expression.map((inner) => `{{${inner}}}`),
            fc.string({ maxLength: 5 }),
            tie('block'),
          ),
          { maxLength: 4 },
        )
        .map((parts) => parts.join('')),
      block: fc
        .tuple(fc.constantFrom('if', 'each', 'with', 'unless'), path, tie('source'))
        .map(([block, on, body]) => `{{#${block} ${on}}}${body}{{/${block}}}`),
    }));
    const data = guarded({
      record: guarded({ list: [guarded({ text: 'a' }), 'b'], text: 'c', item: guarded({}) }),
      trigger: guarded({ list: [] }),
    });
    let rendered = 0;
    fc.assert(
      fc.property(source, fc.constantFrom('none' as const, 'html' as const), (text, mode) => {
        try {
          compileTemplate(text, { escape: mode }).render(data);
          rendered += 1;
        } catch (error) {
          // The bait throws a plain Error, which this does not let pass.
          if (!(error instanceof AutomationError)) throw error;
        }
      }),
      { numRuns: 2_000 },
    );
    expect(rendered).toBeGreaterThan(100);
  });

  it('treats text that looks like a template as text', () => {
    expect(render('{{x}}', { x: '{{constructor.constructor "return 1"}}' })).toBe('{{constructor.constructor "return 1"}}');
    expect(renderJson({ a: '{{x}}' }, { x: '{{y}}', y: 'no' })).toEqual({ a: '{{y}}' });
  });

  it.each([
    ['a tree', { type: 'Program', body: [] }],
    [
      'a tree with a number that is code',
      {
        type: 'Program',
        body: [
          {
            type: 'MustacheStatement',
            path: { type: 'NumberLiteral', value: 'process.exit()', original: 1 },
            params: [],
            loc: { start: { line: 1, column: 0 } },
          },
        ],
      },
    ],
    ['a tree in a list', [{ type: 'Program', body: [] }]],
    ['an object that calls itself a text', { toString: () => '{{x}}', length: 5 }],
    ['a String object', new String('{{x}}')],
    ['nothing', null],
  ])('%s in the place of a text → refused', (_what, source) => {
    for (const compile of [compileTemplate, createTemplateEngine().compile]) {
      expect(failure(() => compile(source as string)).code).toBe('template_invalid');
    }
  });

  it('a tree inside arguments → data like any other, never run', () => {
    const tree = { type: 'Program', body: [{ type: 'MustacheStatement', path: { type: 'NumberLiteral', value: '{{x}}', original: 1 } }] };
    expect(JSON.stringify(renderJson(tree, { x: 'text' }))).toContain('"value":"text"');
  });

  it.each(['{{{record.a}}}', '{{&record.a}}', '{{{upper record.a}}}', '{{#if record.a}}{{{record.a}}}{{/if}}', '{{~{record.a}~}}'])(
    'raw output in HTML: %s → refused when it is saved',
    (source) => {
      expect(templateProblems({ html: source }, '', { escape: 'html' })).toMatchObject([{ path: 'html' }]);
      expect(failure(() => compileTemplate(source, { escape: 'html' })).code).toBe('template_invalid');
    },
  );

  it.each(['<script>', '"onload="x', "'onload='x", '`onload`', '&lt;', '=1', '</p>'])(
    'the value %s in HTML → escaped, in lists, objects and helpers too',
    (text) => {
      const data = { text, list: [text], object: { text }, none: null };
      for (const source of [
        '{{text}}',
        '{{list}}',
        '{{object}}',
        '{{upper text}}',
        '{{default none text}}',
        '{{#each list}}{{this}}{{/each}}',
        '{{#each object}}{{@key}}{{this}}{{/each}}',
      ]) {
        const template = compileTemplate(source, { escape: 'html' });
        expect(template.render(data)).not.toMatch(/[<>"'`=]/);
        expect(String(template.value(data))).not.toMatch(/[<>"'`=]/);
      }
    },
  );

  it.each<[bound: string, source: string, code: string]>([
    ['64 KB of text', 'x'.repeat(64 * 1024 + 1), 'template_too_large'],
    ['10,000 nodes', '{{a}}'.repeat(5_000), 'template_too_large'],
    ['100 blocks inside each other', '{{#if a}}'.repeat(101) + '{{/if}}'.repeat(101), 'template_too_large'],
    ['100 calls inside each other', `{{not ${'(not '.repeat(10_000)}a${')'.repeat(10_000)}}}`, 'template_too_large'],
    ['10,000 rounds', '{{#each many}}{{#each @root.many}}{{/each}}{{/each}}', 'template_too_much_work'],
    ['100,000 steps', '{{#each many}}{{#each ../few}}{{@root.a}}{{date @root.day}}{{/each}}{{/each}}', 'template_too_much_work'],
    ['256 KB of output', '{{#each many}}{{@root.long}}{{/each}}', 'template_output_too_large'],
  ])('more than %s → refused, not a hung worker', (_bound, source, code) => {
    const data = {
      a: 1,
      day: '2025-01-01',
      many: Array.from({ length: 1_000 }, () => 1),
      few: Array.from({ length: 9 }, () => 1),
      long: 'x'.repeat(1_000),
    };
    expect(failure(() => compileTemplate(source).render(data)).code).toBe(code);
  });

  it('names of prototypes as keys → left out of what is rendered, and nothing is polluted', () => {
    const forged = JSON.parse(
      '{"a":"{{x}}","__proto__":{"polluted":"{{x}}"},"b":{"constructor":{"prototype":{"polluted":1}}}}',
    ) as JsonObject;
    expect(renderJson(forged, { x: 'y' })).toEqual({ a: 'y', b: {} });
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});
