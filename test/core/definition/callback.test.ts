import { describe, expect, it } from '@jest/globals';
import { parseCallback } from '../../../src/core/definition/callback.js';
import { ProblemList } from '../../../src/core/definition/problem-list.js';
import type { Json } from '../../../src/core/json.js';
import { referenceProblems, secretUses } from '../../../src/core/secrets/secret-uses.js';

const URL_ = 'https://ops.example.com/runs';

describe('a callback', () => {
  const read = (json: Json | undefined) => {
    const problems = new ProblemList();
    const callback = parseCallback(json, 'settings.onSuccess', problems);
    return { callback, problems: problems.toArray().map(({ path, message }) => `${path}: ${message}`) };
  };

  it.each<[string, Json | undefined, object | undefined]>([
    ['an address', URL_, { url: URL_ }],
    ['an address and what signs the call', { url: URL_, secret: { $secret: 'ops' } }, { url: URL_, secret: { $secret: 'ops' } }],
    ['nothing', undefined, undefined],
  ])('is %s', (_what, json, callback) => {
    expect(read(json)).toEqual({ callback, problems: [] });
  });

  const NO_URL = 'settings.onSuccess.url: This must be an http or https URL without user name and templates.';
  it.each<[string, Json, string[]]>([
    ['a number', 7, ['settings.onSuccess: A callback must be an object.']],
    ['no address', {}, ['settings.onSuccess.url: "url" is missing.']],
    ['an address of another kind', 'ftp://ops.example.com', [NO_URL]],
    ['no address at all', 'ops', [NO_URL]],
    ['an address with a user name', 'https://a@ops.example.com', [NO_URL]],
    ['an address with a password', 'https://:b@ops.example.com', [NO_URL]],
    ['an address with a template', `${URL_}/{{run.id}}`, [NO_URL]],
    [
      'a secret in plain text',
      { url: URL_, secret: 'plain' },
      ['settings.onSuccess.secret: "secret" must name a secret of the workspace: { "$secret": "its name" }.'],
    ],
  ])('is not %s', (_what, json, problems) => {
    expect(read(json).problems).toEqual(problems);
  });

  it('takes a secret that may go to its address, and nowhere else', () => {
    const definition = { settings: { onSuccess: { url: URL_, secret: { $secret: 'ops' } }, onFailure: URL_ } };
    expect(secretUses(definition, new Map())).toEqual([{ path: 'settings.onSuccess.secret', name: 'ops', addresses: [new URL(URL_)] }]);
    expect(referenceProblems(definition, new Map())).toEqual([]);
    expect(referenceProblems({ settings: { onSuccess: { url: { $secret: 'ops' } } } }, new Map())).toHaveLength(1);
  });
});

describe('a list of problems', () => {
  it('names each once, with its hint where it has one', () => {
    const problems = new ProblemList();
    problems.add('steps', 'is wrong', 'Correct it.');
    problems.add('steps', 'is wrong');
    problems.add('settings', 'is missing');
    expect(problems.toArray()).toEqual([
      { path: 'steps', message: 'is wrong', hint: 'Correct it.' },
      { path: 'settings', message: 'is missing' },
    ]);
  });
});
