import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const SCRIPT = join(import.meta.dirname, '../../.ci/advisories.mjs');

const LOCK = {
  lockfileVersion: 3,
  packages: {
    '': { name: 'app', version: '9.9.9' },
    'node_modules/left': { version: '1.2.3' },
    'node_modules/@scope/right': { version: '2.0.0-beta.1' },
    'node_modules/left/node_modules/deep': { version: '0.4.0' },
    'node_modules/other-name': { name: 'real-name', version: '5.0.0' },
    'node_modules/tool': { version: '3.1.0', dev: true },
    'node_modules/maybe': { version: '6.0.0', devOptional: true },
    'node_modules/linked': { link: true, resolved: 'elsewhere' },
  },
};

const range = (...events: object[]) => ({ ranges: [{ type: 'SEMVER', events }] });
const advisory = (name: string, affected: object, more: object = {}) => ({
  id: 'TEST-1',
  summary: 'A made-up one',
  affected: [{ package: { ecosystem: 'npm', name }, ...affected }],
  ...more,
});
const ALL = range({ introduced: '0' });

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'advisories-'));
  await writeFile(join(folder, 'package-lock.json'), JSON.stringify(LOCK));
});
afterEach(() => rm(folder, { recursive: true }));

function run(env: NodeJS.ProcessEnv): { code: number | null; said: string; complained: string } {
  const { OSV_DATABASE: _, ...others } = process.env;
  const ended = spawnSync(process.execPath, [SCRIPT, join(folder, 'package-lock.json')], { encoding: 'utf8', env: { ...others, ...env } });
  return { code: ended.status, said: ended.stdout, complained: ended.stderr };
}

describe('with a database of advisories', () => {
  const database = () => join(folder, 'osv');
  async function check(...advisories: unknown[]) {
    await mkdir(join(database(), 'npm'), { recursive: true });
    for (const [index, one] of advisories.entries()) await writeFile(join(database(), 'npm', `${index}.json`), JSON.stringify(one));
    return run({ OSV_DATABASE: database() });
  }

  it.each<[what: string, code: number, found: string, advisory: object]>([
    ['every version', 1, 'left 1.2.3', advisory('left', ALL)],
    ['versions up to a later fix', 1, 'left 1.2.3', advisory('left', range({ introduced: '0' }, { fixed: '1.2.4' }))],
    ['versions up to this fix', 0, '', advisory('left', range({ introduced: '0' }, { fixed: '1.2.3' }))],
    ['versions up to this one', 1, 'left 1.2.3', advisory('left', range({ introduced: '1.0.0' }, { last_affected: '1.2.3' }))],
    ['versions up to the one before', 0, '', advisory('left', range({ introduced: '1.0.0' }, { last_affected: '1.2.2' }))],
    ['later versions', 0, '', advisory('left', range({ introduced: '1.3.0' }))],
    [
      'versions before a fix and after a relapse',
      1,
      'left 1.2.3',
      advisory('left', range({ introduced: '0' }, { fixed: '1.0.0' }, { introduced: '1.2.0' }, { fixed: '1.3.0' })),
    ],
    ['versions between two spells', 0, '', advisory('left', range({ introduced: '0' }, { fixed: '1.0.0' }, { introduced: '1.10.0' }))],
    ['events in any order', 1, 'left 1.2.3', advisory('left', range({ fixed: '1.10.0' }, { introduced: '1.2.0' }))],
    ['versions one by one', 1, 'left 1.2.3', advisory('left', { versions: ['1.2.2', '1.2.3'] })],
    ['other versions one by one', 0, '', advisory('left', { versions: ['1.2.2'] })],
    [
      'a pre-release before its fix',
      1,
      '@scope/right 2.0.0-beta.1',
      advisory('@scope/right', range({ introduced: '0' }, { fixed: '2.0.0' })),
    ],
    ['a package inside another', 1, 'deep 0.4.0', advisory('deep', ALL)],
    ['a package under another name', 1, 'real-name 5.0.0', advisory('real-name', ALL)],
    ['the other name', 0, '', advisory('other-name', ALL)],
    ['a package that hosts may install', 1, 'maybe 6.0.0', advisory('maybe', ALL)],
    ['a development dependency', 0, 'warning (development only)  tool 3.1.0', advisory('tool', ALL)],
    ['a package that is not there', 0, '', advisory('gone', ALL)],
    ['the package itself', 0, '', advisory('app', ALL)],
    ['a package called like a member of objects', 0, '', advisory('constructor', ALL)],
    ['what was withdrawn', 0, '', advisory('left', ALL, { withdrawn: '2025-01-01T00:00:00Z' })],
    ['ranges of commits', 0, '', advisory('left', { ranges: [{ type: 'GIT', events: [{ introduced: '0' }] }] })],
  ])('an advisory on %s → %d', async (_what, code, found, one) => {
    const ended = await check(one);
    expect([ended.code, ended.complained]).toEqual([code, '']);
    expect(ended.said).toContain(found === '' ? '0 advisories, 0 on development' : `${found}  TEST-1  A made-up one`);
  });

  it('two advisories → both are named, and counted apart from those on development dependencies', async () => {
    const ended = await check(advisory('left', ALL), advisory('deep', ALL, { id: 'TEST-2' }), advisory('tool', ALL));
    expect(ended.code).toBe(1);
    expect(ended.said).toContain('TEST-2');
    expect(ended.said).toContain('2 advisories, 1 on development dependencies (3 advisories of');
  });

  it.each<[what: string, prepare: () => Promise<unknown>]>([
    ['a folder that is not there', async () => undefined],
    ['an empty folder', () => mkdir(database())],
    ['advisories for others alone', () => check({ id: 'X', affected: [{ package: { ecosystem: 'PyPI', name: 'left' } }] })],
    ['a broken file', () => mkdir(database()).then(() => writeFile(join(database(), 'x.json'), '{'))],
    ['a broken lock file', () => check(advisory('left', ALL)).then(() => writeFile(join(folder, 'package-lock.json'), '{'))],
    [
      'a lock file of npm 6',
      () => check(advisory('gone', ALL)).then(() => writeFile(join(folder, 'package-lock.json'), '{"lockfileVersion":1}')),
    ],
  ])('%s → not checked, 2', async (_what, prepare) => {
    await prepare();
    const ended = run({ OSV_DATABASE: database() });
    expect([ended.code, ended.said]).toEqual([2, '']);
    expect(ended.complained).toMatch(/^not checked: /);
  });
});

// A stand-in for npm that answers as npm does: its registry is not ours to ask in a test.
(process.platform === 'win32' ? describe.skip : describe)('with npm audit', () => {
  async function npmAnswers(production: string, all = production) {
    const npm = join(folder, 'npm');
    await writeFile(join(folder, 'production'), production);
    await writeFile(join(folder, 'all'), all);
    await writeFile(npm, `#!/bin/sh\ncase "$*" in *--omit=dev*) cat '${folder}/production';; *) cat '${folder}/all';; esac\nexit 1\n`);
    await chmod(npm, 0o755);
    return run({ PATH: `${folder}${delimiter}${process.env.PATH}` });
  }
  const answer = (...names: string[]) =>
    JSON.stringify({
      metadata: {},
      vulnerabilities: Object.fromEntries(
        names.map((name) => [name, { name, range: '<2', via: [{ url: `https://example.test/${name}`, title: 'Bad' }, 'another'] }]),
      ),
    });

  it.each<[what: string, code: number, production: string, all: string, said: string]>([
    ['no advisories', 0, answer(), answer(), '0 advisories, 0 on development dependencies (npm audit)'],
    ['an advisory', 1, answer('left'), answer('left'), 'ADVISORY  left <2  https://example.test/left  Bad'],
    ['one on a development dependency', 0, answer(), answer('tool'), 'warning (development only)  tool <2'],
    ['both', 1, answer('left'), answer('left', 'tool'), '1 advisories, 1 on development dependencies'],
  ])('that knows of %s → %d', async (_what, code, production, all, said) => {
    const ended = await npmAnswers(production, all);
    expect([ended.code, ended.complained]).toEqual([code, '']);
    expect(ended.said).toContain(said);
  });

  it.each([
    ['no such service', '{"message":"405 Method Not Allowed","error":{"summary":"","detail":""}}'],
    ['no network', '{"error":{"code":"ENOTFOUND","summary":"getaddrinfo failed"}}'],
    ['an empty object', '{}'],
    ['null', 'null'],
    ['a page', '<html>'],
    ['nothing', ''],
  ])('that answers %s → not checked, 2', async (_what, production) => {
    const ended = await npmAnswers(production);
    expect([ended.code, ended.said]).toEqual([2, '']);
    expect(ended.complained).toMatch(/^not checked: npm audit .*OSV_DATABASE/);
  });
});
