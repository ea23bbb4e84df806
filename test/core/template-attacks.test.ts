import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AutomationError } from '../../src/core/errors.js';
import type { JsonObject } from '../../src/core/json.js';
import { compileTemplate, renderJson } from '../../src/core/template.js';
import { failure, render } from './template-fixture.js';

describe('attacks', () => {
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
});
