import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/core/json.js';
import { compileTemplate } from '../../../src/core/template/template.js';
import { failure, render } from './fixture.js';

describe('what is refused when a template is saved', () => {
  it.each<[string, string]>([
    ['{{record.email', 'Line 1, column'],
    ['a\n{{#if won}}b', 'Line 2, column 13: the template ends before'],
    ['{{#if won}}\n{{/unless}}', "Line 1, column 4: if doesn't match unless."],
    ['{{a b=}}', 'Line 1, column 7: unexpected "}}"'],
    ['{{!-- x', 'cannot be read'],
    ['{{else}}', 'unexpected "{{else}}"'],
    ['x {{/if}}', 'unexpected "{{/"'],
    ['{{else if a}}', 'unexpected'],
    ['{{a/../b}}', 'Invalid path'],
    ['ab {{nope record.x}}', 'Line 1, column 4: there is no helper "nope"'],
    ['{{lookup record "constructor"}}', 'there is no helper "lookup"'],
    ['{{log record}}', 'there is no helper "log"'],
    ['{{upper (lookup record "x")}}', 'there is no helper "lookup"'],
    ['{{helperMissing record}}', 'there is no helper'],
    ['{{blockHelperMissing record}}', 'there is no helper'],
    ['{{upper (now)}}', 'there is no helper "now"'],
    ['{{#nope record}}{{/nope}}', 'there is no block "nope"'],
    ['{{#record}}x{{/record}}', 'there is no block "record"'],
    ['{{{{raw}}}}{{x}}{{{{/raw}}}}', 'there is no block "raw"'],
    ['{{record.name "x"}}', 'only helpers and blocks'],
    ['{{this "x"}}', 'only helpers and blocks'],
    ['{{./upper "x"}}', 'only helpers and blocks'],
    ['{{../upper "x"}}', 'only helpers and blocks'],
    ['{{@upper "x"}}', 'only helpers and blocks'],
    ['{{"upper" "x"}}', 'only helpers and blocks'],
    ['{{#"if" won}}{{/"if"}}', 'only helpers and blocks'],
    ['{{#if}}{{/if}}', '{{#if}} takes one value'],
    ['{{#if a b}}{{/if}}', '{{#if}} takes one value'],
    ['{{#if a zero=true}}{{/if}}', '{{#if}} has no option "zero"'],
    ['{{#each a includeZero=true}}{{/each}}', '{{#each}} has no option "includeZero"'],
    ['{{upper a b}}', 'upper takes 1 value.'],
    ['{{default a}}', 'default takes 2 to 10 values.'],
    ['{{date format="yyyy"}}', 'date takes 1 value.'],
    ['{{date a "yyyy" "UTC" "x"}}', 'date takes 1 value.'],
    ['{{upper a locale="de"}}', 'upper has no option "locale"'],
    ['{{date a __proto__="x"}}', 'date has no option "__proto__"'],
    ['{{date a toString="x"}}', 'date has no option "toString"'],
    ['{{date a zone="Mars/Olympus"}}', 'date: zone must be'],
    ['{{date a "yyyy" "Mars/Olympus"}}', 'date: zone must be'],
    ['{{date a format=""}}', 'date: format must be'],
    ['{{date a format=5}}', 'date: format must be'],
    [`{{date a format="${'y'.repeat(201)}"}}`, 'date: format must be'],
    ['{{date a locale="xx-nope"}}', 'date: locale must be'],
    ['{{date a locale=5}}', 'date: locale must be'],
    ['{{money a "Euro"}}', 'money: currency must be'],
    ['{{money a currency=5}}', 'money: currency must be'],
    ['{{number a decimals=1.5}}', 'number: decimals must be'],
    ['{{number a decimals=-1}}', 'number: decimals must be'],
    ['{{number a decimals=21}}', 'number: decimals must be'],
    ['{{number a "2"}}', 'number: decimals must be'],
    ['{{number a locale="xx"}}', 'number: locale must be'],
    ['{{undefined}}', '"undefined" is not a value'],
    ['{{upper undefined}}', '"undefined" is not a value'],
    ['{{this}}', '"this" stands for nothing'],
    ['{{.}}', '"." stands for nothing'],
    ['{{../email}}', 'goes further up'],
    ['{{#each a}}{{../../email}}{{/each}}', 'goes further up'],
    ['{{#each a}}{{..}}{{/each}}', '".." stands for nothing'],
    ['{{@index}}', '"@index" is not a variable here'],
    ['{{#with a}}{{@index}}{{/with}}', '"@index" is not a variable here'],
    ['{{#each a}}{{@../index}}{{/each}}', 'is not a variable here'],
    ['{{#each a}}{{@index.x}}{{/each}}', 'is not a variable here'],
    ['{{#each a}}{{@nope}}{{/each}}', 'is not a variable here'],
    ['{{@root}}', '"@root" is not a variable here'],
    ['{{@partial-block}}', 'is not a variable here'],
    ['{{> card}}', 'partials are not allowed'],
    ['{{> @partial-block}}', 'partials are not allowed'],
    ['{{#> layout}}x{{/layout}}', 'partials are not allowed'],
    ['{{> (lookup . "x")}}', 'partials are not allowed'],
    ['{{#*inline "x"}}y{{/inline}}', 'decorators and inline partials'],
    ['{{* decorate}}', 'decorators and inline partials'],
    ['{{record.__proto__}}', '"__proto__" cannot be read'],
    ['{{constructor}}', '"constructor" cannot be read'],
    ['{{record.[prototype].x}}', '"prototype" cannot be read'],
    ['{{@root.constructor}}', '"constructor" cannot be read'],
    ['{{#each a}}{{this.constructor}}{{/each}}', '"constructor" cannot be read'],
    ['{{#each a as |b|}}{{b.__proto__.x}}{{/each}}', '"__proto__" cannot be read'],
    ['{{upper record.constructor.name}}', '"constructor" cannot be read'],
  ])('%s', (source, message) => {
    const error = failure(() => compileTemplate(source));
    expect(error.code).toBe('template_invalid');
    expect(error.message).toMatch(/^Line \d+, column \d+: /);
    expect(error.message).toContain(message);
  });

  it('raw output in HTML', () => {
    for (const source of ['{{{name}}}', '{{&name}}', '{{{upper name}}}', '{{#if won}}{{{name}}}{{/if}}']) {
      expect(failure(() => compileTemplate(source, { escape: 'html' })).message).toContain('raw output');
    }
  });

  it('a syntax tree in the place of a text', () => {
    const tree = {
      type: 'Program',
      body: [{ type: 'MustacheStatement', path: { type: 'NumberLiteral', value: 'process.exit()', original: 1 }, params: [], loc: {} }],
    };
    const error = failure(() => compileTemplate(tree as unknown as string));
    expect([error.code, error.message]).toEqual(['template_invalid', 'A template must be a text.']);
  });

  it.each<[string, string]>([
    ['a text over 64 KB', 'x'.repeat(64 * 1024 + 1)],
    ['a text over 64 KB in UTF-8', 'ä'.repeat(32 * 1024 + 1)],
    ['more than 10,000 parts', '{{a}}'.repeat(5_000)],
    ['blocks nested too deep', '{{#if a}}'.repeat(101) + '{{/if}}'.repeat(101)],
    ['inverse blocks nested too deep', '{{^if a}}'.repeat(101) + '{{/if}}'.repeat(101)],
    ['partial blocks nested too deep', '{{#> a}}'.repeat(101)],
    ['a long chain of else if', `{{#if a}}${'{{else if a}}'.repeat(101)}{{/if}}`],
    ['10,000 parentheses, which Handlebars would take a minute to parse', `{{not ${'(not '.repeat(10_000)}a${')'.repeat(10_000)}}}`],
    ['blocks nested 4,000 deep, over which its recursion would fall', '{{#if a}}'.repeat(4_000) + '{{/if}}'.repeat(4_000)],
  ])('%s', (_, source) => {
    expect(failure(() => compileTemplate(source)).code).toBe('template_too_large');
  });

  it('but not what is at the limits', () => {
    expect(render('x'.repeat(64 * 1024))).toHaveLength(64 * 1024);
    expect(render('{{#if won}}'.repeat(100) + '{{/if}}'.repeat(100))).toBe('');
    expect(render('{{#if won}}a{{else if won}}b{{/if}}'.repeat(101))).toBe('a'.repeat(101));
    expect(render('{{or (not won) (not won)}}'.repeat(101))).toBe('false'.repeat(101));
  });
});

describe('what is refused while a template renders', () => {
  const items = Array.from({ length: 10_001 }, (_, index) => index);

  it.each<[string, string, JsonObject]>([
    ['output over 256 KB', '{{x}}{{x}}', { x: 'y'.repeat(128 * 1024 + 1) }],
    ['a single value over 256 KB', '{{x}}', { x: 'y'.repeat(256 * 1024 + 1) }],
    ['output over 256 KB in UTF-8', '{{x}}', { x: 'ä'.repeat(128 * 1024 + 1) }],
    ['output that escaping makes too large', '{{x}}', { x: '"'.repeat(100_000) }],
  ])('%s', (_, source, data) => {
    const template = compileTemplate(source, { escape: 'html' });
    expect(failure(() => template.render(data)).code).toBe('template_output_too_large');
    expect(failure(() => template.value(data)).code).toBe('template_output_too_large');
  });

  it('but not output of exactly 256 KB', () => {
    expect(render('{{x}}', { x: 'y'.repeat(256 * 1024) })).toHaveLength(256 * 1024);
  });

  it.each<[string, string]>([
    ['a list of more than 10,000 items', '{{#each items}}{{/each}}'],
    ['loops that multiply', '{{#each ten}}{{#each @root.items}}{{/each}}{{/each}}'],
    ['more work than 100,000 steps', '{{#each thousand}}{{#each ../ten}}{{@root.x}}{{@root.x}}{{date @root.d}}{{/each}}{{/each}}'],
    ['long texts worked on again and again', '{{#each thousand}}{{#if (eq (upper @root.long) "x")}}{{/if}}{{/each}}'],
    [
      'work hidden in conditions',
      '{{#each thousand}}{{#if (or a b c d e f g h i)}}{{/if}}{{#if (or a b c d e f g h i)}}{{/if}}'.concat(
        '{{#if (and a a a a a a)}}{{/if}}'.repeat(60),
        '{{/each}}',
      ),
    ],
  ])('%s', (_, source) => {
    const data = {
      items,
      thousand: items.slice(0, 1_000).map(() => ({ a: null })),
      ten: items.slice(0, 10),
      x: '',
      d: '2025-01-01',
      long: 'x'.repeat(200_000),
    };
    const error = failure(() => render(source, data));
    expect(error.code).toBe('template_too_much_work');
    expect(error.hint).toBeDefined();
  });

  it('dates by the thousand, each of which counts more than a plain value', () => {
    const days = items.slice(0, 6_000).map(() => '2025-01-01');
    expect(failure(() => render('{{#each days}}{{date this}}{{/each}}', { days })).code).toBe('template_too_much_work');
    expect(render('{{#each days}}{{lower this}}{{/each}}', { days })).toHaveLength(60_000);
    expect(render('{{#each days}}{{date this}}{{/each}}', { days: days.slice(0, 3_000) })).toHaveLength(30_000);
  });

  it('but not a list of 10,000 items', () => {
    expect(render('{{#each items}}x{{/each}}', { items: items.slice(1) })).toHaveLength(10_000);
  });
});
