import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { keepSecrets, MASK, maskChange, maskSecrets, secretProblems } from '../../../src/core/definition/secrets.js';
import type { JsonObject } from '../../../src/core/json.js';

const ACTIONS = new Map([
  ['webhook', { secret: ['secret', 'headers'], secretsGoTo: 'url' }],
  ['sms', { secret: ['key'] }],
  ['note', {}],
]);

const hook = (args: JsonObject = {}, id = 'hook'): JsonObject => ({
  id,
  type: 'webhook',
  with: {
    url: 'https://a.test',
    secret: 'whsec_1',
    headers: { authorization: 'Bearer 1', 'x-plain': '' },
    body: { secret: 'no secret here' },
    ...args,
  },
});
const inTree = (step: JsonObject): JsonObject => ({
  trigger: { type: 'event' },
  steps: [
    { id: 'n', type: 'note', with: { text: 'hello', secret: 'of no meaning to a note' } },
    {
      id: 'b',
      type: 'branch',
      branches: [{ name: 'x', when: { all: [] }, steps: [{ id: 'each', type: 'for_each', in: '{{a}}', steps: [step] }] }],
    },
  ],
});
const masked = (definition: JsonObject) => maskSecrets(definition, ACTIONS);
const kept = (edited: JsonObject, stored: JsonObject) => keepSecrets(edited, stored, ACTIONS);
const pathsOf = (definition: JsonObject) => secretProblems(definition, ACTIONS).map(({ path }) => path);

describe('a definition as people read it', () => {
  it('shows everything but the values that its actions keep secret, however deep the step stands', () => {
    expect(masked(inTree(hook()))).toEqual(inTree(hook({ secret: MASK, headers: { authorization: MASK, 'x-plain': '' } })));
  });

  it('shows no argument of an action that is not known here, and none that is no object', () => {
    const steps = [
      { id: 'a', type: 'gone', with: { key: 'k', list: ['k'], deep: { er: 'k', none: null } } },
      { id: 'b', with: { key: 'k' } },
      { type: 'webhook', with: 'k' },
      { type: 'webhook', with: [{ secret: 'k' }] },
    ];
    expect(masked({ steps })).toEqual({
      steps: [
        { id: 'a', type: 'gone', with: { key: MASK, list: MASK, deep: { er: MASK, none: null } } },
        { id: 'b', with: { key: MASK } },
        { type: 'webhook', with: MASK },
        { type: 'webhook', with: MASK },
      ],
    });
  });

  it('does not show a secret that stands next to the arguments instead of in them', () => {
    const misplaced = {
      steps: [
        { id: 'a', type: 'webhook', secret: 'k', headers: { x: 'k' }, with: { url: 'u' } },
        { type: 'note', secret: 'k' },
      ],
    };
    const shown = {
      steps: [
        { id: 'a', type: 'webhook', secret: MASK, headers: { x: MASK }, with: { url: 'u' } },
        { type: 'note', secret: 'k' },
      ],
    };
    expect(masked(misplaced)).toEqual(shown);
    expect(maskChange({}, misplaced, ACTIONS).after).toEqual(shown);
    expect(maskChange({}, { steps: [{ type: 'webhook', with: ['k'] }] }, ACTIONS).after).toEqual({
      steps: [{ type: 'webhook', with: MASK }],
    });
  });

  it('is made of any JSON without failing, and without changing it', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('steps', 'with', 'type', 'id', 'secret'), fc.jsonValue({ maxDepth: 6 })), (draft) => {
        const before = JSON.stringify(draft);
        masked(draft as JsonObject);
        kept(draft as JsonObject, draft as JsonObject);
        secretProblems(draft as JsonObject, ACTIONS);
        expect(JSON.stringify(draft)).toBe(before);
      }),
    );
  });
});

describe('an edit of what was read', () => {
  it('keeps the secrets that come back masked, wherever their step has moved', () => {
    const stored = inTree(hook());
    expect(kept(masked(stored), stored)).toEqual(stored);
    const moved: JsonObject = { steps: [masked({ steps: [hook()] }).steps as never].flat() };
    expect(kept(moved, stored)).toEqual({ steps: [hook()] });
    expect(pathsOf(kept(moved, stored))).toEqual([]);
  });

  it('takes over the ones that are given anew, and drops those that are left out', () => {
    const edited = { steps: [hook({ secret: 'whsec_2', headers: { authorization: MASK, 'x-new': 'n' } })] };
    expect(kept(edited, { steps: [hook()] })).toEqual({
      steps: [hook({ secret: 'whsec_2', headers: { authorization: 'Bearer 1', 'x-new': 'n' } })],
    });
    const without = { steps: [hook({ secret: undefined, headers: {} })] };
    expect(JSON.stringify(kept(without, { steps: [hook()] }))).not.toMatch(/whsec_1|Bearer/);
  });

  it.each<[string, JsonObject, JsonObject]>([
    [
      'is sent to another address',
      { steps: [hook({ url: 'https://thief.test', secret: MASK, headers: { authorization: MASK } })] },
      { steps: [hook()] },
    ],
    [
      'belongs to a step of another id',
      { steps: [hook({ secret: MASK, headers: { authorization: MASK } }, 'other')] },
      { steps: [hook()] },
    ],
    [
      'belongs to one of two steps of that id',
      { steps: [hook({ secret: MASK, headers: { authorization: MASK } })] },
      { steps: [hook(), hook()] },
    ],
    [
      'was never there',
      { steps: [hook({ secret: MASK, headers: { authorization: MASK } })] },
      { steps: [hook({ secret: undefined, headers: {} })] },
    ],
    [
      'was one text for all headers',
      { steps: [hook({ secret: MASK, headers: { authorization: MASK } })] },
      { steps: [hook({ secret: undefined, headers: '{{x}}' })] },
    ],
    [
      'was in an object',
      { steps: [hook({ secret: MASK, headers: { authorization: MASK } })] },
      { steps: [hook({ secret: { a: 'b' }, headers: { authorization: undefined } })] },
    ],
    ['is inherited by every object', { steps: [hook({ secret: MASK, headers: { authorization: MASK, toString: MASK } })] }, { steps: [] }],
  ])('has to give a secret that %s, and is told where', (_, edited, stored) => {
    const after = kept(edited, stored);
    expect(after).toEqual(edited);
    expect(pathsOf(after)).toEqual(expect.arrayContaining(['steps[0].with.secret', 'steps[0].with.headers.authorization']));
  });

  it('has to give them again when an address that is rendered may come from elsewhere now', () => {
    const call = (args: JsonObject) => hook({ url: '{{steps.n.output.url}}', ...args });
    const note = (text: string): JsonObject => ({ id: 'n', type: 'note', with: { text } });
    const back = { secret: MASK, headers: { authorization: MASK, 'x-plain': '' } };
    const stored = { steps: [note('a'), call({})] };
    const moved = { steps: [note('b'), call(back)] };
    expect(kept(moved, stored)).toEqual(moved);
    expect(kept({ steps: [note('a'), call(back)] }, stored)).toEqual(stored);
    // Of several secrets one may be given anew.
    const renewed = { steps: [note('a'), call({ ...back, secret: 'whsec_2' })] };
    expect(kept(renewed, stored)).toEqual({ steps: [note('a'), call({ secret: 'whsec_2' })] });
  });

  it('keeps those of a step that has no address yet, whatever else is edited', () => {
    const draft = (text: string, args: JsonObject): JsonObject => ({
      steps: [
        { id: 'n', type: 'note', with: { text } },
        { id: 'hook', type: 'webhook', with: args },
      ],
    });
    expect(kept(draft('b', { secret: MASK }), draft('a', { secret: 'whsec_1' }))).toEqual(draft('b', { secret: 'whsec_1' }));
  });

  it('cannot put a mask into a secret', () => {
    const audited = { steps: [hook({ secret: `${MASK} (changed)`, headers: { authorization: `Bearer ${MASK}` } })] };
    expect(pathsOf(kept(audited, { steps: [hook()] }))).toEqual(['steps[0].with.secret', 'steps[0].with.headers.authorization']);
  });

  it('cannot show a secret through an action that does not keep it', () => {
    const stored = { steps: [{ id: 's', type: 'sms', with: { key: 'k' } }] };
    const edited = { steps: [{ id: 's', type: 'note', with: { key: MASK } }] };
    expect(kept(edited, stored)).toEqual(edited);
  });
});

describe('an edit in the audit log', () => {
  it('shows that a secret was changed, and neither what it was nor what it is', () => {
    const before = { steps: [hook()] };
    const after = { steps: [hook({ secret: 'whsec_2', headers: { authorization: 'Bearer 1', 'x-new': 'n' } })] };
    expect(maskChange(before, after, ACTIONS)).toEqual({
      before: { steps: [hook({ secret: MASK, headers: { authorization: MASK, 'x-plain': '' } })] },
      after: { steps: [hook({ secret: `${MASK} (changed)`, headers: { authorization: MASK, 'x-new': MASK } })] },
    });
    const free = maskChange(
      { steps: [{ type: 'sms', with: { key: 'k' } }] },
      { steps: [hook({ headers: { a: 'b' } }), { type: 'sms', with: { key: 'l' } }] },
      ACTIONS,
    );
    expect(free.after).toEqual({ steps: [hook({ secret: MASK, headers: { a: MASK } }), { type: 'sms', with: { key: MASK } }] });
  });

  it('tells what became of the secrets of steps with one id by their turn', () => {
    const sms = (key: string): JsonObject => ({ id: 'twice', type: 'sms', with: { key } });
    const two = { steps: [sms('k'), sms('l')] };
    const shown = { steps: [sms(MASK), sms(MASK)] };
    expect(maskChange(two, two, ACTIONS)).toEqual({ before: shown, after: shown });
    expect(maskChange(two, { steps: [sms('k'), sms('m')] }, ACTIONS).after).toEqual({ steps: [sms(MASK), sms(`${MASK} (changed)`)] });
    const inside = (outer: string, inner: string): JsonObject => ({ steps: [{ ...sms(outer), steps: [sms(inner)] }] });
    // The one outside comes first, wherever its arguments stand among its members.
    const { with: args, ...rest } = (inside('k', 'l').steps as JsonObject[])[0] as JsonObject;
    expect(JSON.stringify(maskChange(inside('k', 'l'), { steps: [{ ...rest, with: args ?? null }] }, ACTIONS).after)).not.toContain(
      'changed',
    );
  });

  it('names a hundred masks that stand for nothing, each with a path that is not too long, and says that there are more', () => {
    const name = 'x'.repeat(60_000);
    const steps = Array.from({ length: 200 }, (_, index) => ({ id: `s${index}`, type: 'sms', with: { key: MASK } }));
    const problems = secretProblems({ [name]: steps }, ACTIONS);
    expect(problems).toHaveLength(100);
    expect(problems.at(-1)?.message).toBe('There are more problems; mend these first.');
    expect(JSON.stringify(problems).length).toBeLessThan(60_000);
  });
});
