import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type KeyRing, keyRingOf } from '../../src/engine/secrets/key-ring.js';
import { reencrypt } from '../../src/engine/secrets/reencrypt.js';
import { openSecret, sealSecret } from '../../src/engine/secrets/sealed-secret.js';
import { findSecret, writeSecret } from '../../src/store/secrets.js';
import { type AutomationApp, startAutomationApp } from '../support/automation-app.js';

const { bin } = JSON.parse(readFileSync('package.json', 'utf8')) as { bin: Record<string, string> };
const SECRET = 'the secret that the host began with';
const key = (id: string) => ({ id, key: randomBytes(32).toString('base64') });
const [OLD, NEW, LOST] = [key('2025'), key('2026'), key('lost')];
const HOSTS = ['api.test'];
const ACTOR = { type: 'user', id: 'u', name: 'Ada' } as const;

describe('npx nestjs-crm-automation reencrypt', () => {
  let app: AutomationApp;
  beforeAll(async () => {
    app = await startAutomationApp();
  });
  afterAll(() => app?.close());

  async function store(ring: KeyRing | null, name: string, workspaceId = 'acme'): Promise<void> {
    const place = { workspaceId, name, hosts: HOSTS };
    const row = { ...place, id: '019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11', sealed: sealSecret(ring!, place, `value of ${name}`) };
    await writeSecret(app.source.manager, row, ACTOR);
  }
  const command = (env: Record<string, string>) => {
    const { DATABASE_URL: _, ...rest } = process.env;
    const args = [String(bin['nestjs-crm-automation']), 'reencrypt'];
    return spawnSync(process.execPath, args, { env: { ...rest, DATABASE_URL: app.database.url, ...env }, encoding: 'utf8' });
  };
  const rows = () => app.query<{ name: string; key: string }>('SELECT name, key_id AS key FROM automation.secrets ORDER BY 1');

  it('puts what older keys have sealed under the newest one, says so, and has nothing to do the next time', async () => {
    const [old, derived] = [keyRingOf({ encryptionKeys: [OLD] }), keyRingOf({ secret: SECRET })];
    await store(old, 'a');
    await store(derived, 'b');
    const env = { AUTOMATION_SECRET: SECRET, AUTOMATION_ENCRYPTION_KEYS: `${NEW.id}:${NEW.key}, ${OLD.id}:${OLD.key}` };
    expect(command({})).toMatchObject({ status: 3, stderr: expect.stringContaining('No key is given.') });
    expect(command({ AUTOMATION_ENCRYPTION_KEYS: 'a:short' })).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('encryptionKeys[0].key'),
    });
    const first = command(env);
    expect([first.status, first.stderr, first.stdout]).toEqual([0, '', 're-encrypted 2 of 2\nAll secrets are under the key 2026.\n']);
    expect(command(env)).toMatchObject({ status: 0, stdout: 'All secrets were under the key 2026.\n' });
    expect(await rows()).toEqual([
      { name: 'a', key: '2026' },
      { name: 'b', key: '2026' },
    ]);
    const alone = keyRingOf({ encryptionKeys: [NEW] })!;
    const found = await findSecret(app.source.manager, 'acme', 'b');
    expect(openSecret(alone, found!)).toBe('value of b');
  });

  it('leaves what no key opens, names it, and ends with 3', async () => {
    await store(keyRingOf({ encryptionKeys: [LOST] }), 'c', 'other');
    await store(keyRingOf({ encryptionKeys: [OLD] }), 'd');
    const ended = command({ AUTOMATION_ENCRYPTION_KEYS: `${NEW.id}:${NEW.key},${OLD.id}:${OLD.key}` });
    expect(ended).toMatchObject({ status: 3, stdout: expect.stringContaining('not readable: other/c (key lost)') });
    expect((await rows()).map((row) => row.key)).toEqual(['2026', '2026', 'lost', '2026']);
  });

  it('goes on where it was stopped, in parts', async () => {
    const [old, both] = [keyRingOf({ encryptionKeys: [OLD] }), keyRingOf({ encryptionKeys: [NEW, OLD, LOST] })!];
    for (let number = 0; number < 250; number += 1) await store(old, `many-${String(number).padStart(3, '0')}`);
    const told: number[] = [];
    const stopped = reencrypt(app.source, both, (done) => {
      told.push(done);
      throw new Error('stopped');
    });
    await expect(stopped).rejects.toThrow('stopped');
    expect((await rows()).filter((row) => row.key === '2026')).toHaveLength(3 + 200);
    expect(await reencrypt(app.source, both, (done, all) => told.push(done, all))).toEqual({ done: 51, unreadable: [] });
    expect(told).toEqual([200, 51, 51]);
    expect((await rows()).every((row) => row.key === '2026')).toBe(true);
  });
});
