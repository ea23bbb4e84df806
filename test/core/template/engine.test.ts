import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/core/json.js';
import { createTemplateEngine } from '../../../src/core/template/template.js';
import { failure, scope } from './fixture.js';

function renderWith(partials: Record<string, string>, source: string, data: JsonObject = {}): string {
  const engine = createTemplateEngine();
  for (const [name, text] of Object.entries(partials)) engine.registerPartial(name, text);
  return engine.compile(source).render(data);
}

describe('createTemplateEngine', () => {
  it('escapes HTML unless told otherwise, in partials too', () => {
    const engine = createTemplateEngine();
    engine.registerPartial('hello', 'Hello {{name}}!');
    expect(engine.compile('{{> hello}} {{{name}}}').render({ name: '<b>' })).toBe('Hello &lt;b&gt;! <b>');
    expect(engine.compile('{{> hello}}', { escape: 'none' }).render({ name: '<b>' })).toBe('Hello <b>!');
  });

  it('has the same helpers, and the same rule about missing paths', () => {
    expect(renderWith({}, '{{upper (default missing name)}}', { name: 'ada' })).toBe('ADA');
    expect(failure(() => renderWith({ p: '{{missing}}' }, '{{> p}}')).details).toEqual({ path: 'missing' });
    expect(failure(() => renderWith({}, '{{record.constructor}}')).code).toBe('template_invalid');
    expect(failure(() => renderWith({}, '{{toString}}')).code).toBe('template_path_missing');
  });

  it('reads a scope, and members of the data before fields of the record', () => {
    expect(createTemplateEngine().compile('{{email}} {{record.email}} {{actor.id}}').render(scope)).toBe('ada@acme.test ada@acme.test u-1');
    expect(
      renderWith({}, '{{subject}} {{record.subject}} {{stage}}', { subject: 'data', record: { subject: 'record', stage: 'New' } }),
    ).toBe('data record New');
  });

  it('wraps a layout around a block, which sees what is around it', () => {
    const layout = '<h1>{{title}}</h1>{{> @partial-block}}<i>{{brand}}</i>';
    expect(
      renderWith({ layout }, '{{#> layout title="Hi"}}{{#each list}}{{this}}{{/each}}{{title}}{{/layout}}', {
        title: 'outer',
        brand: 'B',
        list: [1, 2],
      }),
    ).toBe('<h1>Hi</h1>12outer<i>B</i>');
  });

  it('keeps the blocks of nested layouts apart', () => {
    const partials = {
      outer: '({{> @partial-block}})',
      inner: '[{{> @partial-block}}]',
      both: '{{#> outer}}{{> @partial-block}}{{/outer}}',
    };
    expect(renderWith(partials, '{{#> outer}}{{#> inner}}a{{/inner}}b{{/outer}}')).toBe('([a]b)');
    expect(renderWith(partials, '{{#> both}}{{#> inner}}a{{/inner}}{{/both}}')).toBe('([a])');
    expect(renderWith({ twice: '{{> @partial-block}}{{> @partial-block}}' }, '{{#> twice}}{{x}}{{/twice}}', { x: 'y' })).toBe('yy');
  });

  it('still has its block after it has used another partial', () => {
    expect(renderWith({ head: 'head ', layout: '{{> head}}{{> @partial-block}}' }, '{{#> layout}}body{{/layout}}')).toBe('head body');
  });

  it('keeps the loops of a partial apart from those around it', () => {
    const data = { lines: [{ tags: ['a', 'b'] }, { tags: ['c'] }] };
    expect(renderWith({ tags: '{{#each tags}}{{@index}}{{this}}{{/each}}' }, '{{#each lines}}[{{> tags}}{{@index}}]{{/each}}', data)).toBe(
      '[0a1b0][0c1]',
    );
  });

  it('gives a partial the item of the loop it stands in, a value, and parameters', () => {
    const data = { name: 'top', lines: [{ name: 'a' }, { name: 'b' }], tags: ['x'] };
    expect(renderWith({ line: '{{name}};' }, '{{#each lines}}{{> line}}{{/each}}', data)).toBe('a;b;');
    expect(renderWith({ line: '{{name}};' }, '{{#each tags}}{{> line}}{{/each}}', data)).toBe('top;');
    expect(renderWith({ line: '{{name}}{{extra}};' }, '{{#each lines as |one|}}{{> line one extra=(upper one.name)}}{{/each}}', data)).toBe(
      'aA;bB;',
    );
    expect(renderWith({ line: '{{#each tags}}{{this}}{{/each}}' }, '{{> line}}', data)).toBe('x');
  });

  it('may register partials after the templates that use them, and replace them', () => {
    const engine = createTemplateEngine();
    const template = engine.compile('{{> later}}');
    expect(failure(() => template.render({})).code).toBe('template_partial_unknown');
    engine.registerPartial('later', 'one');
    expect(template.render({})).toBe('one');
    engine.registerPartial('later', 'two');
    expect(template.render({})).toBe('two');
  });

  it('shares no partials with another engine', () => {
    createTemplateEngine().registerPartial('mine', 'x');
    expect(failure(() => renderWith({}, '{{> mine}}')).code).toBe('template_partial_unknown');
  });

  it.each<[string, string, Record<string, string>]>([
    ['a partial that is not known', '{{> nope}}', {}],
    ['a partial called like a member of every object', '{{> toString}}', {}],
    ['a block that was not given', '{{> p}}', { p: '{{> @partial-block}}' }],
    ['a block outside partials', '{{> @partial-block}}', {}],
  ])('refuses %s', (_, source, partials) => {
    expect(failure(() => renderWith(partials, source)).code).toBe('template_partial_unknown');
  });

  it.each([
    ['{{> (upper "x")}}', 'must be written out'],
    ['{{> "x"}}', 'must be written out'],
    ['{{> @other}}', 'there is no partial "@other"'],
    ['{{> p a b}}', 'one value'],
    ['{{> p __proto__=a}}', '"__proto__" cannot be set'],
    ['{{#*inline "x"}}y{{/inline}}', 'inline partials'],
    ['{{* x}}', 'decorators'],
  ])('refuses %s', (source, message) => {
    expect(failure(() => createTemplateEngine().compile(source)).message).toContain(message);
  });

  it('refuses a partial that is no template, when it is registered', () => {
    expect(failure(() => createTemplateEngine().registerPartial('p', '{{#if}}')).code).toBe('template_invalid');
  });

  it('refuses a value for a partial that is no object', () => {
    expect(failure(() => renderWith({ p: 'x' }, '{{> p name}}', { name: 'a' })).code).toBe('template_value_invalid');
  });

  it('ends partials that use themselves', () => {
    expect(failure(() => renderWith({ p: 'x{{> p}}' }, '{{> p}}')).code).toBe('template_too_much_work');
    expect(failure(() => renderWith({ p: '{{#> p}}{{> @partial-block}}{{/p}}' }, '{{#> p}}x{{/p}}')).code).toBe('template_too_much_work');
  });

  it('takes partials 16 deep', () => {
    const chain = Object.fromEntries(Array.from({ length: 15 }, (_, index) => [`p${index}`, `${index}{{> p${index + 1}}}`]));
    expect(renderWith({ ...chain, p15: 'end' }, '{{> p0}}')).toBe('01234567891011121314end');
  });
});
