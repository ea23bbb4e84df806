import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Json, JsonObject } from '../../../src/core/json.js';
import type { Scope } from '../../../src/core/scope.js';
import { compileTemplate, hasExpression, renderJson, type TextFormat, templateProblems } from '../../../src/core/template/template.js';
import { failure, render, scope } from './fixture.js';

const html = (source: string) => compileTemplate(source, { escape: 'html' }).render(scope);
const value = (source: string) => compileTemplate(source).value(scope);

describe('hasExpression', () => {
  it.each([
    ['{{record.email}}', true],
    ['a {{b}} c', true],
    ['plain { text } }}', false],
    ['', false],
  ])('%j: %p', (text, expected) => {
    expect(hasExpression(text)).toBe(expected);
  });
});

describe('paths', () => {
  it.each([
    ['{{record.email}}', 'ada@acme.test'],
    ['{{email}}', 'ada@acme.test'],
    ['{{account.industry}}', 'Retail'],
    ['{{account/industry}}', 'Retail'],
    ['{{record.context}}', 'a field'],
    ['{{context.score}}', '5'],
    ['{{timezone}}', 'a field'],
    ['{{number}}', 'INV-7'],
    ['{{[full name]}}', 'Ada L.'],
    ['{{trigger.body.[first.name]}}', 'Ada'],
    ['{{trigger.body.email}}', 'x@y.test'],
    ['{{changes.stage.from}}', 'New'],
    ['{{steps.lookup.output.id}}', '9'],
    ['{{actor.id}} {{workflow.name}} {{run.id}}', 'u-1 Welcome r-1'],
    ['{{now}}', '2025-01-01T12:00:00.000Z'],
    ['{{item.name}} {{index}}', 'first 3'],
    ['{{tags.0}} {{tags.length}}', 'vip 2'],
    ['{{this.email}} {{./email}} {{@root.record.email}}', 'ada@acme.test ada@acme.test ada@acme.test'],
  ])('%s renders %j', (source, expected) => {
    expect(render(source)).toBe(expected);
  });

  it.each(['record.emial', 'emial', 'account.size', 'trigger.body.x', 'steps.other.output', 'previous.stage', 'tags.5', 'email.length'])(
    'a missing path is an error that names it: %s',
    (path) => {
      const error = failure(() => render(`Hello {{${path}}}`));
      expect(error.code).toBe('template_path_missing');
      expect(error.message).toContain(`"${path}"`);
      expect(error.hint).toContain(`{{default ${path} "…"}}`);
      expect(error.details).toEqual({ path });
      expect(error.retry).toEqual({ kind: 'permanent' });
    },
  );

  it('renders null as nothing, and so all that is behind a null', () => {
    expect(render('[{{nickname}}][{{parent.name}}]')).toBe('[][]');
  });

  it('reads plain data that is no scope', () => {
    expect(render('{{title}} {{user.name}}', { title: 'Hi', user: { name: 'Bo' } })).toBe('Hi Bo');
    expect(render('{{title}} {{subject}}', { record: { title: 'of the record' }, title: 'of the data', subject: 's' })).toBe(
      'of the record s',
    );
    expect(failure(() => render('{{title}}', {})).code).toBe('template_path_missing');
    expect(failure(() => render('{{item}}', { record: { item: 1 } })).code).toBe('template_path_missing');
  });
});

describe('compiled.paths', () => {
  it.each<[string, string[]]>([
    ['no expression', []],
    ['{{email}} {{record.email}} {{email}}', ['record.email']],
    ['{{account.industry}}{{previous.stage}}', ['record.account.industry', 'previous.stage']],
    ['{{trigger.body.[first name]}}', ['trigger.body.[first name]']],
    ['{{default nickname (upper trigger.body.name)}}', ['record.nickname', 'trigger.body.name']],
    ['{{date dueDate format=context.format zone=account.zone}}', ['record.dueDate', 'context.format', 'record.account.zone']],
    [
      '{{#if won}}{{name}}{{else if (gt amount 5)}}{{email}}{{else}}{{actor.id}}{{/if}}',
      ['record.won', 'record.name', 'record.amount', 'record.email', 'actor.id'],
    ],
    ['{{#each lines}}{{sku}}{{this.price}}{{@index}}{{../email}}{{run.id}}{{/each}}', ['record.lines', 'record.email', 'run.id']],
    ['{{#each lines as |line i|}}{{line.sku}}{{i}}{{/each}}', ['record.lines']],
    [
      '{{#with account}}{{industry}}{{#with owner as |boss|}}{{boss.name}}{{../name}}{{/with}}{{/with}}',
      ['record.account', 'record.account.industry', 'record.account.owner', 'record.account.owner.name', 'record.account.name'],
    ],
    ['{{@root.run.id}}', ['run.id']],
  ])('of %s', (source, paths) => {
    expect(compileTemplate(source).paths).toEqual(paths);
  });
});

describe('value', () => {
  it.each<[string, Json]>([
    ['{{amount}}', 1234.5],
    ['{{won}}', true],
    ['{{nickname}}', null],
    ['{{tags}}', ['vip', 'new']],
    ['{{account.owner}}', { name: 'Bo' }],
    ['{{email}}', 'ada@acme.test'],
    ['{{index}}', 3],
    ['{{default nickname 5}}', 5],
    ['{{gt amount 5}}', true],
    ['{{7}}', 7],
    ['{{null}}', null],
    ['{{"text"}}', 'text'],
    ['{{{amount}}}', 1234.5],
    ['{{~amount~}}', 1234.5],
    [' {{amount}}', ' 1234.5'],
    ['{{amount}}{{amount}}', '1234.51234.5'],
    ['{{amount}}{{! a remark }}', '1234.5'],
    ['{{#if won}}{{amount}}{{/if}}', '1234.5'],
    ['text', 'text'],
    ['', ''],
  ])('of %j is %j', (source, expected) => {
    expect(value(source)).toEqual(expected);
  });

  it('is escaped text in HTML, but keeps numbers, booleans and null', () => {
    const inHtml = (source: string, data: Scope | JsonObject = scope) => compileTemplate(source, { escape: 'html' }).value(data);
    expect(inHtml('{{name}}')).toBe('Ada &lt;Lovelace&gt;');
    expect(inHtml('{{list}}', { list: ['<b>'] })).toBe('&lt;b&gt;');
    expect(inHtml('{{o}}', { o: { a: '<b>' } })).toBe('{&quot;a&quot;:&quot;&lt;b&gt;&quot;}');
    expect([inHtml('{{amount}}'), inHtml('{{won}}'), inHtml('{{nickname}}')]).toEqual([1234.5, true, null]);
  });
});

describe('text', () => {
  it.each([
    ['{{won}} {{amount}}', 'true 1234.5'],
    ['Tags: {{tags}}.', 'Tags: vip, new.'],
    ['List: {{list}}.', 'List: 1, , x.'],
    ['Deep: {{account.owner}} {{nested}}', 'Deep: {"name":"Bo"} [[1],{}]'],
    ['\\{{email}} {{! remark }}{{!-- another }} --}}end', '{{email}} end'],
  ])('%s renders %j', (source, expected) => {
    const record: JsonObject = { ...scope.record, list: [1, null, 'x'], nested: [[1], {}] };
    expect(render(source, { ...scope, record })).toBe(expected);
  });

  it('is escaped in HTML only', () => {
    expect(html('<p>{{name}} {{upper name}}</p>')).toBe('<p>Ada &lt;Lovelace&gt; ADA &lt;LOVELACE&gt;</p>');
    expect(render('{{name}} {{{name}}}')).toBe('Ada <Lovelace> Ada <Lovelace>');
  });

  it('escapes whatever could leave an element or a quoted attribute', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const result = compileTemplate('{{x}} {{lower x}}', { escape: 'html' }).render({ x: text });
        expect(result).not.toMatch(/[<>"'`]/);
      }),
    );
  });

  it('renders a text without expressions as it is', () => {
    const plain = fc.string({ unit: 'binary' }).filter((text) => !/\{\{|\\|\0/.test(text));
    fc.assert(fc.property(plain, (text) => expect(render(text)).toBe(text)));
  });

  it('renders any text that an expression inserts as it is, braces and all', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(render('<{{x}}>', { x: text })).toBe(`<${text}>`);
        expect(compileTemplate('{{x}}').value({ x: text })).toBe(text);
      }),
    );
  });

  it('keeps any JSON value of a single expression', () => {
    fc.assert(
      fc.property(fc.jsonValue() as fc.Arbitrary<Json>, (json) => expect(compileTemplate('{{x}}').value({ x: json })).toEqual(json)),
    );
  });
});

describe('blocks', () => {
  it.each([
    ['{{#if won}}yes{{else}}no{{/if}}', 'yes'],
    ['{{#if nickname}}yes{{else}}no{{/if}}', 'no'],
    ['{{#if missing.altogether}}yes{{else}}no{{/if}}', 'no'],
    ['{{#if empty}}yes{{/if}}', ''],
    ['{{#if noTags}}yes{{else}}no{{/if}}', 'no'],
    ['{{#if tags}}yes{{/if}}', 'yes'],
    ['{{#if none}}yes{{else}}no{{/if}}', 'no'],
    ['{{#if none includeZero=true}}yes{{else}}no{{/if}}', 'yes'],
    ['{{#if none includeZero=false}}yes{{else}}no{{/if}}', 'no'],
    ['{{#if empty includeZero=true}}yes{{else}}no{{/if}}', 'no'],
    ['{{#unless won}}a{{else}}b{{/unless}}', 'b'],
    ['{{#unless nickname}}a{{/unless}}', 'a'],
    ['{{^if won}}a{{else}}b{{/if}}', 'b'],
    ['{{#if nickname}}1{{else if won}}2{{else}}3{{/if}}', '2'],
    ['{{#if (and won (not nickname))}}yes{{/if}}', 'yes'],
    ['{{#each lines}}{{@index}}{{@key}}{{this.sku}}{{#unless @last}},{{/unless}}{{#if @first}}!{{/if}}{{/each}}', '00A,!11B'],
    ['{{#each tags}}[{{this}}{{.}}]{{/each}}', '[vipvip][newnew]'],
    ['{{#each lines as |line i|}}{{i}}{{line.sku}}{{/each}}', '0A1B'],
    ['{{#each lines as |record|}}{{record.sku}}{{/each}}', 'AB'],
    ['{{#each lines}}{{record.id}}{{this.record}}{{../email}} {{/each}}', 'l-1ownada@acme.test l-1ownada@acme.test '],
    ['{{#each account.owner}}{{@key}}={{this}}{{/each}}', 'name=Bo'],
    ['{{#each noTags}}x{{else}}none{{/each}}', 'none'],
    ['{{#each nickname}}x{{else}}none{{/each}}', 'none'],
    ['{{#each nickname}}x{{/each}}', ''],
    ['{{#with account}}{{name}} {{#if industry}}{{../name}}{{/if}}{{/with}}', 'Acme Ada <Lovelace>'],
    ['{{#with account.owner as |boss|}}{{boss.name}}{{/with}}', 'Bo'],
    ['{{#with nickname}}x{{else}}none{{/with}}', 'none'],
    ['{{#with none}}{{this}}{{/with}}', '0'],
    ['{{#each lines}}{{#each ../tags}}{{../sku}}{{this}}{{@root.record.id}} {{/each}}{{/each}}', 'Avipl-1 Anewl-1 Bvipl-1 Bnewl-1 '],
    ['{{#each lines}}{{#with sku}}{{@index}}{{this}}{{/with}}{{/each}}', '0A1B'],
    ['a\n{{#if won}}\n  b\n{{/if}}\nc', 'a\n  b\nc'],
  ])('%s renders %j', (source, expected) => {
    expect(render(source)).toBe(expected);
  });

  it('shows a null item of a list as nothing', () => {
    expect(render('{{#each list}}[{{this}}{{x}}]{{/each}}', { list: [null] })).toBe('[]');
    expect(render('{{#each o}}[{{this}}]{{/each}}', { o: { a: undefined } })).toBe('[]');
  });

  it('does not take a field of the record for a missing member of the item', () => {
    expect(failure(() => render('{{#each lines}}{{email}}{{/each}}')).details).toEqual({ path: 'email' });
  });

  it.each([
    '{{#each missing}}{{/each}}',
    '{{#with missing}}{{else}}{{/with}}',
    '{{#if won includeZero=missing}}{{/if}}{{#if none includeZero=missing}}{{/if}}',
  ])('needs the path to exist in %s', (source) => {
    expect(failure(() => render(source)).code).toBe('template_path_missing');
  });

  it('goes through lists and objects only', () => {
    expect(failure(() => render('{{#each email}}x{{/each}}')).code).toBe('template_value_invalid');
  });
});

describe('renderJson', () => {
  it('renders every text inside, keeps types and leaves the rest alone', () => {
    expect(
      renderJson(
        {
          to: '{{email}}',
          'k{{e}}y': [1, true, null, 'plain', '{{amount}}', { deep: 'Hi {{name}}' }],
          amount: '{{amount}}',
          gone: undefined,
        },
        scope,
      ),
    ).toStrictEqual({ to: 'ada@acme.test', 'k{{e}}y': [1, true, null, 'plain', 1234.5, { deep: 'Hi Ada <Lovelace>' }], amount: 1234.5 });
    expect(renderJson('{{amount}}', scope)).toBe(1234.5);
    expect(renderJson(5, scope)).toBe(5);
  });

  it('escapes for HTML when told, without mixing the two up', () => {
    expect(renderJson('{{name}}!', scope, { escape: 'html' })).toBe('Ada &lt;Lovelace&gt;!');
    expect(renderJson('{{name}}!', scope)).toBe('Ada <Lovelace>!');
    expect(renderJson('{{name}}!', scope, { escape: 'html' })).toBe('Ada &lt;Lovelace&gt;!');
  });

  it.each<[Json, string]>([
    [{ headers: { 'x-a': ['ok', '{{nope}}'] } }, 'headers.x-a[1]'],
    ['{{nope}}', ''],
    [['{{nope}}'], '[0]'],
  ])('says where a text of %j could not be rendered', (json, path) => {
    const error = failure(() => renderJson(json, scope));
    expect(error.code).toBe('template_path_missing');
    expect(error.details).toEqual({ path: 'nope' });
    expect(error.problems).toEqual([{ path, message: error.message }]);
    expect(error.hint).toBeDefined();
  });

  it('passes on errors that are not about the template', () => {
    const broken = Object.defineProperty({}, 'record', {
      enumerable: true,
      get() {
        throw new RangeError('broken data');
      },
    });
    expect(() => renderJson('{{email}}', broken as JsonObject)).toThrow(RangeError);
  });

  it('refuses values nested more than 64 deep', () => {
    let deep: Json = '{{email}}';
    for (let level = 0; level < 64; level++) deep = [deep];
    expect(JSON.stringify(renderJson(deep, scope))).toContain('ada@acme.test');
    expect(failure(() => renderJson([deep], scope)).code).toBe('template_too_large');
  });

  it('renders alike however many templates it has seen', () => {
    const filler = 'x'.repeat(50_000);
    for (let round = 0; round < 2; round++) {
      for (let index = 0; index < 25; index++) expect(renderJson(`{{amount}}${index}${filler}`, scope)).toBe(`1234.5${index}${filler}`);
    }
  });

  it('does not write to the prototype of its result', () => {
    const result = renderJson(JSON.parse('{"__proto__":{"admin":"{{email}}"}}'), scope) as JsonObject;
    expect(result.admin).toBeUndefined();
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
  });
});

describe('templateProblems', () => {
  it('lists every text that is no template, by its path', () => {
    const problems = templateProblems(
      { to: '{{email}}', subject: '{{nope x}}', body: ['fine', '{{#if a}}', { deep: '{{> x}}' }], n: 5 },
      'steps[0].with',
    );
    expect(problems.map(({ path }) => path)).toEqual(['steps[0].with.subject', 'steps[0].with.body[1]', 'steps[0].with.body[2].deep']);
    expect(problems[0]?.message).toContain('there is no helper "nope"');
  });

  it('takes a whole text at the path itself, and what HTML refuses for a problem only in HTML', () => {
    expect(templateProblems('{{{name}}}', 'html')).toEqual([]);
    expect(templateProblems('{{{name}}}', 'html', { escape: 'html' })).toEqual([
      { path: 'html', message: expect.stringContaining('raw output') },
    ]);
    expect(templateProblems({ a: '{{' }, '')[0]?.path).toBe('a');
  });
});

describe('pieces', () => {
  it('tell what the author wrote from what expressions inserted, and what the helper url encoded', () => {
    const template = compileTemplate('{{#if won}}a {{number}}{{/if}}/{{url name}}{{! no piece }}{{{empty}}}');
    expect(template.pieces(scope)).toEqual([
      { text: 'a ', from: 'author' },
      { text: 'INV-7', from: 'expression' },
      { text: '/', from: 'author' },
      { text: 'Ada%20%3CLovelace%3E', from: 'url_helper' },
      { text: '', from: 'expression' },
    ]);
  });

  it('take a field that is called url for a field', () => {
    expect(compileTemplate('to {{url}}').pieces({ record: { url: 'x' } })).toEqual([
      { text: 'to ', from: 'author' },
      { text: 'x', from: 'expression' },
    ]);
  });

  it('are outlined without data, both ways of a block in the order of the source', () => {
    const template = compileTemplate('a{{#if won}}b{{c}}{{else}}d{{/if}}{{#each e}}{{this}}{{/each}}');
    expect([template.outline, template.isSingle]).toEqual([['a', 'b', null, 'd', null], false]);
    expect(compileTemplate('{{a}}')).toMatchObject({ outline: [null], isSingle: true });
    expect(compileTemplate('plain')).toMatchObject({ outline: ['plain'], isSingle: false });
  });

  it('are the text that is rendered', () => {
    for (const source of ['x {{name}} y {{url name}}', '{{#each tags}}{{this}},{{/each}}', '{{empty}}']) {
      const template = compileTemplate(source);
      expect(
        template
          .pieces(scope)
          .map(({ text }) => text)
          .join(''),
      ).toBe(template.render(scope));
    }
  });
});

describe('a format', () => {
  const format: TextFormat = {
    single: (given) => ({ single: given }),
    mixed: (pieces) => pieces.map(({ text, from }) => `${from}:${text}`),
    problem: (outline) => (outline[0] === null ? 'starts with an expression' : null),
  };

  it('makes values of texts with expressions, and of nothing else', () => {
    expect(renderJson({ a: '{{record.amount}}', b: ['n {{number}}'], c: 'plain', d: 5 }, scope, { format })).toEqual({
      a: { single: 1234.5 },
      b: [['author:n ', 'expression:INV-7']],
      c: 'plain',
      d: 5,
    });
  });

  it('takes care of what expressions insert itself: nothing is escaped', () => {
    expect(renderJson('n {{name}}', scope, { format, escape: 'html' })).toEqual(['author:n ', 'expression:Ada <Lovelace>']);
  });

  it('says where the error of a text is', () => {
    const failing = { ...format, mixed: () => renderJson('{{missing}}', scope) };
    expect(failure(() => renderJson({ a: ['x {{name}}'] }, scope, { format: failing })).problems).toMatchObject([{ path: 'a[0]' }]);
  });

  it('may find problems in texts that are more than one expression', () => {
    expect(templateProblems({ a: '{{b}}', c: '{{d}} e', f: 'g {{h}}', i: '{{#if}}' }, 'with', { format })).toMatchObject([
      { path: 'with.c', message: 'starts with an expression' },
      { path: 'with.i' },
    ]);
  });
});
