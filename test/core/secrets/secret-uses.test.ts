import { describe, expect, it } from '@jest/globals';
import { CHANGED, MASK } from '../../../src/core/definition/mask.js';
import { keepSecrets, maskChange, maskSecrets } from '../../../src/core/definition/secrets.js';
import type { JsonObject } from '../../../src/core/json.js';
import { isSecretReference, NO_PLACES } from '../../../src/core/secrets/secret-reference.js';
import { namedSecrets, referenceProblems, secretUseProblems, secretUses, strayReferences } from '../../../src/core/secrets/secret-uses.js';

const ACTIONS = new Map([
  [
    'call',
    {
      secret: ['headers'],
      secretsGoTo: 'url',
      takesSecrets: { 'headers.*': ['url'], 'auth.clientSecret': ['url', 'auth.tokenUrl'], key: [] },
    },
  ],
  ['note', {}],
]);

const of = (args: JsonObject, type = 'call'): JsonObject => ({
  trigger: { type: 'event' },
  steps: [{ id: 'b', type: 'branch', branches: [{ name: 'x', steps: [{ id: 's', type, with: args }] }] }],
});
const AT = 'steps[0].branches[0].steps[0].with';
const reference = { $secret: 'stripe' };

describe('references to secrets', () => {
  it('are found where an action takes them, with the addresses that are known', () => {
    const definition = of({
      url: 'https://api.test/{{record.id}}',
      headers: { 'X-Key': { $secret: 'stripe', prefix: 'Key ' }, plain: 'x' },
      auth: { clientSecret: { $secret: 'oauth' }, tokenUrl: '{{record.tokenUrl}}' },
      key: { $secret: 'signing' },
    });
    expect(referenceProblems(definition, ACTIONS)).toEqual([]);
    expect(secretUses(definition, ACTIONS)).toEqual([
      { path: `${AT}.headers.X-Key`, name: 'stripe', addresses: [new URL('https://api.test')] },
      { path: `${AT}.auth.clientSecret`, name: 'oauth', addresses: [new URL('https://api.test')] },
      { path: `${AT}.key`, name: 'signing', addresses: [] },
    ]);
  });

  it('are found where callers of a trigger URL are checked by them, also of transitions', () => {
    const trigger = { type: 'webhook', secret: { header: 'x', value: reference }, signature: { type: 'hmac_sha256', secret: reference } };
    const machine = { transitions: [{ code: 'a', trigger }] } as unknown as JsonObject;
    const uses = (path: string) =>
      ['secret.value', 'signature.secret'].map((at) => ({ path: `${path}.${at}`, name: 'stripe', addresses: [] }));
    expect(referenceProblems({ trigger } as unknown as JsonObject, ACTIONS)).toEqual([]);
    expect(secretUses({ trigger } as unknown as JsonObject, ACTIONS)).toEqual(uses('trigger'));
    expect([referenceProblems(machine, ACTIONS), secretUses(machine, ACTIONS)]).toEqual([[], uses('transitions[0].trigger')]);
  });

  it.each([
    ['in a body', of({ body: { deep: [reference] } }), `${AT}.body.deep[0]`],
    ['beside a place', of({ auth: { token: reference } }), `${AT}.auth.token`],
    ['deeper than a place', of({ headers: { a: { b: reference } } }), `${AT}.headers.a.b`],
    ['in place of what holds places', of({ headers: reference }), `${AT}.headers`],
    ['in an action that takes none', of({ text: reference }, 'note'), `${AT}.text`],
    ['in a trigger', { trigger: { schema: reference } }, 'trigger.schema'],
    ['in a trigger URL', { trigger: { type: 'webhook', record: { match: { id: reference } } } }, 'trigger.record.match.id'],
    ['in a trigger of another type', { trigger: { type: 'event', secret: { value: reference } } }, 'trigger.secret.value'],
    ['in conditions', { conditions: { all: [{ value: reference }] } }, 'conditions.all[0].value'],
    ['as the arguments', { steps: [{ type: 'call', with: [reference] }] }, 'steps[0].with[0]'],
  ])('%s are refused by their path', (_, definition, path) => {
    expect(referenceProblems(definition as JsonObject, ACTIONS)).toEqual([
      { path, message: expect.stringContaining('cannot be used here') },
    ]);
    expect(secretUses(definition as JsonObject, ACTIONS)).toEqual([]);
  });

  it('to secrets of an action that nobody knows are left to the problem of that action', () => {
    expect(referenceProblems(of({ text: reference }, 'gone'), ACTIONS)).toEqual([]);
    expect(referenceProblems({ steps: [null, 7] }, ACTIONS)).toEqual([]);
  });

  it.each([
    [{ $secret: '' }],
    [{ $secret: '{{record.name}}' }],
    [{ $secret: 7 }],
    [{ $secret: 'a', prefix: '' }],
    [{ $secret: 'a', prefix: '{{record.name}}' }],
    [{ $secret: 'a', prefix: 'a\r\nb' }],
    [{ $secret: 'a', prefix: 7 }],
    [{ $secret: 'a', value: 'sk_live' }],
  ])('are nothing but a name and a prefix: %j is refused, and not shown', (value) => {
    const definition = of({ headers: { a: value as JsonObject } });
    expect(isSecretReference(value)).toBe(false);
    expect(referenceProblems(definition, ACTIONS)).toMatchObject([{ path: `${AT}.headers.a` }]);
    expect(JSON.stringify(maskSecrets(definition, ACTIONS))).not.toMatch(/sk_live|record/);
  });

  it('must be to secrets that there are, and that may go there', () => {
    const uses = secretUses(of({ url: 'https://api.test/', headers: { a: { $secret: 'strpe' }, b: { $secret: 'stripe' } } }), ACTIONS);
    const problems = (hosts: string[]) =>
      secretUseProblems(uses, [{ name: 'stripe', hosts }]).map(({ path, message }) => `${path}: ${message}`);
    const unknown = `${AT}.headers.a: The workspace has no secret "strpe". Did you mean "stripe"?`;
    expect(problems(['api.test'])).toEqual([unknown]);
    expect(problems(['other.test'])).toEqual([
      unknown,
      `${AT}.headers.b: The secret "stripe" must not be sent to https://api.test. It may go to: other.test.`,
    ]);
    expect(problems([])).toEqual([unknown, expect.stringContaining('It may go nowhere.')]);
  });
});

describe('a definition with references', () => {
  const definition = of({
    url: 'https://api.test/',
    headers: { a: reference, b: 'literal' },
    auth: { user: 'u', clientSecret: 'literal' },
  });

  it('shows them, and masks what stands in their place', () => {
    expect(maskSecrets(definition, ACTIONS)).toEqual(
      of({ url: 'https://api.test/', headers: { a: reference, b: MASK }, auth: { user: 'u', clientSecret: MASK } }),
    );
    expect(maskSecrets(of({ auth: 'literal', key: { deep: 'literal' } }), ACTIONS)).toEqual(of({ auth: MASK, key: { deep: MASK } }));
  });

  it('is masked whole where an action is not known, and made of what has no value', () => {
    expect(maskChange({}, of({ auth: 'a' }, 'gone'), ACTIONS).after).toEqual(of({ auth: MASK }, 'gone'));
    expect(maskSecrets(of({ headers: { a: undefined } }), ACTIONS)).toEqual(of({ headers: { a: null } }));
  });

  it('keeps them through an edit of what was masked', () => {
    const edited = of({ url: 'https://api.test/', headers: { a: { $secret: 'other' }, b: MASK } });
    expect(keepSecrets(edited, definition, ACTIONS)).toEqual(
      of({ url: 'https://api.test/', headers: { a: { $secret: 'other' }, b: 'literal' } }),
    );
  });

  it('tells the audit log of what changed', () => {
    const after = of({ headers: { a: { $secret: 'other' }, b: 'another' }, auth: { clientSecret: 'another' } });
    expect(maskChange(definition, after, ACTIONS).after).toEqual(
      of({ headers: { a: { $secret: 'other' }, b: CHANGED }, auth: { clientSecret: CHANGED } }),
    );
  });
});

describe('arguments as a definition holds them', () => {
  it('name the secrets that they use, each once, and none where none is taken', () => {
    const { takesSecrets = {} } = ACTIONS.get('call') as { takesSecrets?: Record<string, string[]> };
    const args = {
      url: '{{record.url}}',
      headers: { 'X-Key': { $secret: 'stripe' }, other: reference, plain: 'x', none: undefined },
      auth: { clientSecret: { $secret: 'oauth' }, clientId: { $secret: 'misplaced' } },
      key: { $secret: 'no name' },
      body: reference,
      absent: undefined,
    };
    expect(namedSecrets(args, takesSecrets)).toEqual(['stripe', 'oauth']);
    expect(namedSecrets(args, NO_PLACES)).toEqual([]);
  });
});

describe('rendered arguments', () => {
  const places = ACTIONS.get('call')?.takesSecrets ?? {};
  const written = {
    headers: { a: reference, b: '{{record.json}}' },
    auth: '{{context.auth}}',
    key: '{{record.json}}',
    body: '{{record.json}}',
  };

  it('keep the references that the definition has', () => {
    expect(strayReferences({ ...written, body: { deep: reference } }, written, places)).toEqual([]);
  });

  it('are told of those that a template brings in', () => {
    const rendered = {
      headers: { a: { $secret: 'other' }, b: reference },
      auth: { clientSecret: reference },
      key: reference,
      body: reference,
    };
    expect(strayReferences(rendered, written, places)).toEqual(['headers.a', 'headers.b', 'auth.clientSecret', 'key']);
    expect(strayReferences({ headers: reference }, {}, places)).toEqual(['headers']);
  });
});
