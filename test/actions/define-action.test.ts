import { describe, expect, it } from '@jest/globals';
import { Transform, Type } from 'class-transformer';
import {
  Allow,
  ArrayMaxSize,
  ArrayMinSize,
  ArrayNotEmpty,
  ArrayUnique,
  Equals,
  IsArray,
  IsBoolean,
  IsDateString,
  IsEmail,
  IsEnum,
  IsIn,
  IsInt,
  IsISO8601,
  IsNotEmpty,
  IsNotEmptyObject,
  IsNumber,
  IsObject,
  IsOptional,
  IsPositive,
  IsString,
  IsUrl,
  IsUUID,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateNested,
  validateSync,
} from 'class-validator';
import fc from 'fast-check';
import { isNested, rulesByProperty } from '../../src/actions/arguments-schema.js';
import { Describe, defineAction, describeAction, maskArguments, prepareArguments } from '../../src/actions/define-action.js';
import { builtInActions } from '../../src/actions/index.js';
import { ActionRegistry } from '../../src/actions/registry.js';
import { isSurelyValid } from '../../src/actions/surely-valid.js';
import type { AutomationError } from '../../src/core/errors.js';
import type { JsonObject } from '../../src/core/json.js';
import { LEADS, scopeOf } from './support/steps.js';

enum Channel {
  sms = 'sms',
  call = 'call',
}

class Part {
  @IsString()
  @Length(1, 3)
  code!: string;

  @IsOptional()
  @ValidateNested()
  @Type(() => Part)
  inner?: Part;
}

class Base {
  @Describe('Where it goes.', { title: 'Number', example: '+49…' })
  @IsString()
  @IsNotEmpty()
  to!: string;
}

class SmsArguments extends Base {
  @IsString()
  @MaxLength(160)
  text!: string;

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(5)
  tries?: number;

  @IsOptional()
  @IsEnum(Channel)
  channel?: Channel;

  @IsOptional()
  @IsArray()
  @ArrayMaxSize(3)
  @IsString({ each: true })
  @MinLength(2, { each: true })
  tags?: string[];

  @IsOptional()
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => Part)
  parts?: Part[];

  @IsOptional()
  @IsObject()
  extra?: JsonObject;

  @IsOptional()
  @IsString()
  key?: string;

  @IsOptional()
  @IsObject()
  headers?: JsonObject;
}

const sendSms = defineAction({
  type: 'send_sms',
  label: 'Send SMS',
  description: 'Sends a text message.',
  effect: 'external',
  arguments: SmsArguments,
  formats: { text: 'html' },
  secret: ['key', 'headers'],
  check: (args) => (args.to === 'nobody' ? [{ path: 'to', message: 'is nobody' }] : []),
  execute: async (args, step) => ({ sent: `${args.to} ${step.idempotencyKey}` }),
});

const VALID = { to: '{{record.name}}', text: 'Hi {{record.name}}' };
const CONTEXT = {
  tries: 2,
  free: { a: [10.1], constructor: 1 },
  forged: [{ code: 'x', constructor: { prototype: 1 } }],
  forgedDeeply: [{ code: 'x', inner: JSON.parse('{"code":"x","__proto__":{}}') as JsonObject }],
};
const prepare = (args: JsonObject) =>
  prepareArguments(sendSms, { ...VALID, ...args }, scopeOf(undefined, { context: CONTEXT as JsonObject }));
const problems = (args: JsonObject) => describeAction(sendSms).check(args, { module: LEADS });

function invalid(args: JsonObject): AutomationError {
  try {
    prepare(args);
  } catch (error) {
    return error as AutomationError;
  }
  throw new Error('expected the arguments to be refused');
}

describe('an action', () => {
  it('is frozen, and has its defaults filled in', () => {
    expect(Object.isFrozen(sendSms)).toBe(true);
    expect(sendSms).toMatchObject({ type: 'send_sms', effect: 'external', secret: ['key', 'headers'], formats: { text: 'html' } });
    class None {}
    const own = defineAction({
      type: 'x',
      label: 'X',
      effect: 'local',
      arguments: None,
      execute: async (_args, step) => ({ open: step.manager !== undefined }),
    });
    expect(own.transaction).toBe('own');
    const shared = defineAction({
      type: 'x',
      label: 'X',
      effect: 'local',
      transaction: 'shared',
      arguments: None,
      execute: async () => undefined,
    });
    expect(shared).toMatchObject({ transaction: 'shared', secret: [], formats: {} });
  });

  it.each(['', 'Send', 'send-sms', '1x', 'a b'])('cannot have the type %j', (type) => {
    class None {}
    expect(() => defineAction({ type, label: 'X', effect: 'local', arguments: None, execute: async () => undefined })).toThrow(
      expect.objectContaining({ code: 'action_invalid' }),
    );
  });
});

describe('arguments of an attempt', () => {
  it('are rendered into an instance of the class, HTML escaped where the action says', () => {
    const args = prepare({
      tries: '{{context.tries}}',
      parts: [{ code: 'a', inner: { code: '{{record.stage}}' } }],
      extra: '{{context.free}}',
    });
    expect(args).toBeInstanceOf(SmsArguments);
    expect(args.parts?.[0]?.inner).toBeInstanceOf(Part);
    expect(args).toMatchObject({ to: 'Ann <b>Lee</b>', text: 'Hi Ann &lt;b&gt;Lee&lt;/b&gt;', tries: 2, extra: CONTEXT.free });
  });

  it('keep the types of single expressions, and are not converted', () => {
    const withTries = (value: string | number) =>
      prepareArguments(sendSms, { ...VALID, tries: '{{context.tries}}' }, scopeOf(undefined, { context: { tries: value } }));
    expect(withTries(3).tries).toBe(3);
    expect(() => withTries('3')).toThrow(expect.objectContaining({ code: 'arguments_invalid' }));
  });

  it.each([
    ['an unknown name', { nonsense: 1 }, 'nonsense'],
    ['a wrong type', { to: 5 }, 'to'],
    ['a missing value', { to: undefined }, 'to'],
    ['a range', { tries: 9 }, 'tries'],
    ['a list member', { tags: ['ab', 'c'] }, 'tags'],
    ['a nested value', { parts: [{ code: 'ok' }, { code: 'too long' }] }, 'parts[1].code'],
    ['a nested name', { parts: [{ code: 'ok', more: 1 }] }, 'parts[0].more'],
    ['a text for an object', { parts: 'x' }, 'parts'],
    ['a forbidden name inside', { parts: '{{context.forged}}' }, 'parts'],
    ['a forbidden name deep inside', { parts: '{{context.forgedDeeply}}' }, 'parts'],
  ])('are refused for %s, with the path', (_what, args, path) => {
    const error = invalid(args);
    expect(error).toMatchObject({ code: 'arguments_invalid', retry: { kind: 'permanent' }, problems: [expect.objectContaining({ path })] });
    expect(error.message).toContain(path);
  });

  it('show what the templates gave for those that are refused, and nothing of the others', () => {
    expect(invalid({ to: 5, tries: 2 }).details).toEqual({ given: { to: 5 } });
    expect(invalid({ text: 'long '.repeat(100) }).details).toEqual({ given: { text: expect.stringMatching(/^(long ){40}…$/) } });
    expect(invalid({ key: 5, headers: ['secret'] }).details).toEqual({ given: { key: '••••••', headers: '••••••' } });
  });

  it('are refused for the name of a prototype', () => {
    const forged = JSON.parse('{"to":"x","text":"x","__proto__":{"to":"y"}}') as JsonObject;
    expect(problems(forged)).toMatchObject([{ path: '__proto__' }]);
  });

  it('name the first problems only in the message, and all of them beside it', () => {
    const error = invalid({ a: 1, b: 2, c: 3, d: 4 });
    expect(error.problems).toHaveLength(4);
    expect(error.message).toContain('and 1 more');
    // The run keeps its version: retried as it is, it would fail again.
    expect(error.hint).toContain('retry the run from the start with `version: newest`');
  });

  it('fail as their templates do, with the path of the argument', () => {
    expect(invalid({ extra: { a: { b: '{{record.nickname}}' } } })).toMatchObject({
      code: 'template_path_missing',
      problems: [{ path: 'extra.a.b' }],
    });
  });

  it('leave out names that reach a prototype', () => {
    const reaching = JSON.parse('{"__proto__": {"tries": 2}, "constructor": "{{record.name}}", "prototype": 1}') as JsonObject;
    expect(prepare(reaching)).toEqual(prepare({}));
  });

  it('of an action that takes none are none', () => {
    class None {}
    const action = defineAction({ type: 'x', label: 'X', effect: 'local', arguments: None, execute: async () => undefined });
    expect(prepareArguments(action, {}, scopeOf())).toBeInstanceOf(None);
    expect(() => prepareArguments(action, { a: 1 }, scopeOf())).toThrow('It takes none');
  });

  it('are an instance of their own for each attempt, so that an action that changes them changes no other attempt', () => {
    const args = { to: 'Ann', text: 'Hi', tries: 2 };
    const first = prepareArguments(sendSms, args, scopeOf()) as { tries: number };
    first.tries = 9;
    const second = prepareArguments(sendSms, args, scopeOf()) as { tries: number };
    second.tries = 9;
    expect(prepareArguments(sendSms, args, scopeOf())).toMatchObject({ tries: 2 });
    expect(prepareArguments(sendSms, args, scopeOf())).toBeInstanceOf(sendSms.arguments);

    class Listed {
      @IsString({ each: true })
      names!: string[];
    }
    const action = defineAction({ type: 'x', label: 'X', effect: 'local', arguments: Listed, execute: async () => undefined });
    const list = { names: ['a'] };
    for (let attempt = 0; attempt < 3; attempt += 1) prepareArguments(action, list, scopeOf()).names.push('b');
    expect(prepareArguments(action, list, scopeOf()).names).toEqual(['a']);
  });

  it('are validated by the class of the action that asks, though another one was given the same before', () => {
    const args = { text: 'five' };
    class Short {
      @IsString()
      text!: string;
    }
    class Longer {
      @MinLength(10)
      text!: string;
    }
    const make = <A extends object>(type: string, of: new () => A) =>
      defineAction({ type, label: type, effect: 'local', arguments: of, execute: async () => undefined });
    expect(prepareArguments(make('short', Short), args, scopeOf()).text).toBe('five');
    expect(() => prepareArguments(make('longer', Longer), args, scopeOf())).toThrow('arguments of longer are not valid');
  });

  it('go through the transformations of the class', () => {
    class Trimmed {
      @IsString()
      @Transform(({ value }) => (typeof value === 'string' ? value.trim() : value))
      text!: string;
    }
    const action = defineAction({ type: 'x', label: 'X', effect: 'local', arguments: Trimmed, execute: async () => undefined });
    expect(prepareArguments(action, { text: ' x ' }, scopeOf()).text).toBe('x');
  });

  it('are held to what class-validator says, asked or not', () => {
    class Sometimes {
      @Allow()
      anything?: unknown;

      @IsString({ each: true })
      @IsInt({ each: true, validateIf: (_: object, value: unknown) => value !== null } as never)
      each?: unknown;
    }
    const value = fc.constantFrom<unknown>(
      '',
      'x',
      'https://a.test',
      'sms',
      0,
      3,
      1.5,
      true,
      null,
      undefined,
      [],
      ['a'],
      [1, 'b'],
      [300],
      {},
      {
        $secret: 'x',
      },
    );
    for (const type of [SmsArguments, Sometimes, ...builtInActions.map((action) => action.arguments)]) {
      const rules = rulesByProperty(type);
      const hasNested = (instance: object): boolean =>
        [...rules].some(([name, own]) => isNested(own) && (instance as Record<string, unknown>)[name] != null);
      const given = fc.record(Object.fromEntries([...rules.keys(), 'stray'].map((name) => [name, value])), { requiredKeys: [] });
      fc.assert(
        fc.property(given, (members) => {
          const instance = Object.assign(new type(), members) as object;
          const isValid = validateSync(instance, { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: true }).length === 0;
          if (hasNested(instance)) expect(isSurelyValid(type, instance)).toBe(false);
          else expect(isSurelyValid(type, instance)).toBe(isValid && rules.size > 0);
        }),
        { numRuns: 50 },
      );
    }
  });

  it('are masked in logs where the action says: of objects the values', () => {
    const masked = maskArguments(sendSms, prepare({ key: 'hunter2', headers: { authorization: 'hunter2', 'x-n': 5 } }));
    expect(masked).toMatchObject({ to: 'Ann <b>Lee</b>', key: '••••••', headers: { authorization: '••••••', 'x-n': '••••••' } });
    expect(JSON.stringify(masked)).not.toContain('hunter2');
    expect(masked).not.toHaveProperty('tries');
    expect(maskArguments(sendSms, { key: null })).toEqual({ key: null });
  });
});

describe('arguments in a definition', () => {
  it('are checked where they are literal', () => {
    expect(problems({ to: '{{record.name}}', text: 'x' })).toEqual([]);
    expect(
      problems({ to: '{{record.name}}', text: 'x', tries: '{{context.tries}}', parts: '{{context.parts}}', tags: ['{{a}}', 'x'] }),
    ).toEqual([]);
    expect(problems({ to: 'x', text: 'x', tries: 'three', parts: [{ code: '{{a}}' }, { code: 5 }] }).map(({ path }) => path)).toEqual([
      'tries',
      'parts[1].code',
    ]);
    expect(problems({ text: 'x' })).toEqual([{ path: 'to', message: 'to is required' }]);
    expect(problems({ to: null, text: 'x' })).toEqual([{ path: 'to', message: expect.stringMatching(/^to is empty: to must /) }]);
  });

  it('have their templates checked, and pass the check of the action itself', () => {
    expect(problems({ to: 'nobody', text: '{{#if}}' }).map(({ path }) => path)).toEqual(['text', 'to']);
    expect(problems({ to: 'x', text: '{{{raw}}}' })).toMatchObject([{ path: 'text' }]);
  });

  it('that do not exist are named, with those that do', () => {
    expect(problems({ to: 'x', text: 'x', txet: 'y' })).toEqual([
      {
        path: 'txet',
        message:
          'send_sms takes no argument \'txet\'. Did you mean "text"? It takes to, text, tries, channel, tags, parts, extra, key, headers',
      },
    ]);
  });

  it('that do not exist are named although their values, or values beside them, are templates', () => {
    expect(problems({ to: 'x', text: 'x', txet: '{{record.name}}' })).toMatchObject([{ path: 'txet' }]);
    expect(problems({ to: 'x', text: 'x', parts: [{ code: '{{a}}', coed: '{{a}}' }] })).toEqual([
      { path: 'parts[0].coed', message: expect.stringContaining('parts[0].coed is not known here. Did you mean "code"? Known are: code') },
    ]);
  });
});

describe('the schema of arguments', () => {
  it('says what the rules of the class say', () => {
    const { argumentsSchema, ...rest } = describeAction(sendSms);
    expect(rest).toMatchObject({ type: 'send_sms', label: 'Send SMS', description: 'Sends a text message.', effect: 'external' });
    expect(argumentsSchema).toEqual({
      type: 'object',
      additionalProperties: false,
      required: ['to', 'text'],
      properties: {
        to: { type: 'string', minLength: 1, title: 'Number', description: 'Where it goes.', examples: ['+49…'] },
        text: { type: 'string', maxLength: 160 },
        tries: { type: 'integer', minimum: 1, maximum: 5 },
        channel: { enum: ['sms', 'call'] },
        tags: { type: 'array', maxItems: 3, items: { type: 'string', minLength: 2 } },
        parts: {
          type: 'array',
          items: {
            type: 'object',
            additionalProperties: false,
            required: ['code'],
            properties: { code: { type: 'string', minLength: 1, maxLength: 3 }, inner: { type: 'object' } },
          },
        },
        extra: { type: 'object' },
        key: { type: 'string', writeOnly: true },
        headers: { type: 'object', writeOnly: true },
      },
    });
  });

  it('knows the rules that arguments are made of', () => {
    class Zoo {
      @IsBoolean() isBoolean!: boolean;
      @IsNumber() @IsPositive() isNumber!: number;
      @IsIn(['a', 1]) isIn!: string;
      @Equals(true) equals!: true;
      @Matches(/^a+$/) matches!: string;
      @IsEmail() isEmail!: string;
      @IsUrl() isUrl!: string;
      @IsUUID() isUuid!: string;
      @IsISO8601() isIso!: string;
      @IsDateString() isDate!: string;
      @IsNotEmptyObject() full!: object;
      @ArrayNotEmpty() @ArrayUnique() list!: string[];
      @ArrayMinSize(2) two!: string[];
      @Length(3) long!: string;
      @Allow() anything!: unknown;
      @IsString({ context: { schema: { format: 'phone' } } }) @Describe('x', { default: '-' }) phone!: string;
    }
    const action = defineAction({ type: 'x', label: 'X', effect: 'local', arguments: Zoo, execute: async () => undefined });
    expect(describeAction(action).argumentsSchema.properties).toEqual({
      isBoolean: { type: 'boolean' },
      isNumber: { type: 'number', exclusiveMinimum: 0 },
      isIn: { enum: ['a', 1] },
      equals: { const: true },
      matches: { type: 'string', pattern: '^a+$' },
      isEmail: { type: 'string', format: 'email' },
      isUrl: { type: 'string', format: 'uri' },
      isUuid: { type: 'string', format: 'uuid' },
      isIso: { type: 'string', format: 'date-time' },
      isDate: { type: 'string', format: 'date-time' },
      full: { type: 'object', minProperties: 1 },
      list: { minItems: 1, uniqueItems: true },
      two: { minItems: 2 },
      long: { type: 'string', minLength: 3 },
      anything: {},
      phone: { type: 'string', format: 'phone', description: 'x', default: '-' },
    });
  });

  it('of a property that is validated as nested but has no class is an object', () => {
    class Loose {
      @ValidateNested() thing!: object;
    }
    const action = defineAction({ type: 'x', label: 'X', effect: 'local', arguments: Loose, execute: async () => undefined });
    expect(describeAction(action).argumentsSchema.properties).toEqual({ thing: { type: 'object' } });
  });
});

describe('the registry', () => {
  it('holds the built-in actions, each described with a schema', () => {
    const registry = new ActionRegistry([...builtInActions, sendSms]);
    const described = registry.describe();
    expect(described.map(({ type, effect }) => `${type} ${effect}`)).toEqual([
      'send_email external',
      'create_task local',
      'create_record local',
      'update_related local',
      'find_records local',
      'add_tag local',
      'remove_tag local',
      'add_note local',
      'change_field local',
      'move_stage local',
      'assign_owner local',
      'advance_machine local',
      'send_notification local',
      'webhook external',
      'http_request external',
      'send_sms external',
    ]);
    for (const { argumentsSchema, label } of described) {
      expect(label).toBeTruthy();
      expect(JSON.parse(JSON.stringify(argumentsSchema))).toEqual(argumentsSchema);
    }
    expect(registry.get('send_sms')).toBe(sendSms);
    expect(registry.get('toString')).toBeUndefined();
  });

  it('describes every argument of the built-in actions', () => {
    for (const { argumentsSchema } of new ActionRegistry(builtInActions).describe()) {
      for (const property of Object.values(argumentsSchema.properties as Record<string, JsonObject>)) {
        expect(property.description).toBeTruthy();
      }
    }
  });

  it('refuses two actions of one type, and the types of flow steps', () => {
    expect(() => new ActionRegistry([sendSms, sendSms])).toThrow(expect.objectContaining({ code: 'action_duplicate' }));
    class None {}
    const branch = defineAction({ type: 'branch', label: 'X', effect: 'local', arguments: None, execute: async () => undefined });
    expect(() => new ActionRegistry([branch])).toThrow(expect.objectContaining({ code: 'action_duplicate' }));
  });
});
