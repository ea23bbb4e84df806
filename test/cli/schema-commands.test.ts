import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { runCommandLine } from '../../src/cli/command-line.js';
import { AutomationDatabase } from '../../src/store/database.js';
import { MIGRATIONS } from '../../src/store/migrations.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { createTestRole, type TestRole } from '../support/roles.js';

const { bin } = JSON.parse(readFileSync('package.json', 'utf8')) as { bin: Record<string, string> };
const NAMES = MIGRATIONS.map((migration) => new migration().name ?? '');

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/** Runs what npx would run, as a process of its own. */
function npx(args: string[], url?: string): Promise<Ended> {
  const { DATABASE_URL: _, ...env } = process.env;
  const child = spawn(process.execPath, [String(bin['nestjs-crm-automation']), ...args], {
    env: { ...env, ...(url && { DATABASE_URL: url }) },
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (data) => {
    out += String(data);
  });
  child.stderr.on('data', (data) => {
    err += String(data);
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })));
}

/** The same in this process: another one takes half a second of the processor to load. */
async function cli(args: string[], url?: string): Promise<Ended> {
  let [out, err] = ['', ''];
  const code = await runCommandLine(args, {
    databaseUrl: url,
    print: (line) => {
      out += `${line}\n`;
    },
    complain: (line) => {
      err += `${line}\n`;
    },
  });
  return { code, out, err };
}

describe('npx nestjs-crm-automation', () => {
  let database: TestDatabase;
  let role: TestRole;
  beforeEach(async () => {
    database = await createTestDatabase();
    role = await createTestRole(database);
  });
  afterEach(async () => {
    await role.drop();
    await database.drop();
  });

  /** Brings the schema up to date as the module does, or to an earlier state. */
  async function prepare(migrations = MIGRATIONS): Promise<void> {
    const automation = new AutomationDatabase(new DataSource({ type: 'postgres', url: database.url }), {
      poolSize: 4,
      migrations,
      migrate: 'auto',
    });
    await automation.connect();
    await automation.close();
  }

  it('on a fresh database: says so, checks false, migrates, and is content', async () => {
    expect(await npx(['status'], database.url)).toMatchObject({ code: 0, out: expect.stringContaining('The schema does not exist.') });
    expect(await npx(['check'], database.url)).toMatchObject({ code: 1, out: expect.stringContaining(NAMES.join(', ')) });
    const migrated = await npx(['migrate', '--url', database.url]);
    expect(migrated).toEqual({
      code: 0,
      err: '',
      out: [...NAMES.map((name) => `applied ${name}`), 'The schema is up to date.', ''].join('\n'),
    });
    expect(await npx(['check'], database.url)).toMatchObject({ code: 0, err: '' });
    await prepare();
  });

  it('on one that is up to date: changes nothing', async () => {
    await prepare();
    expect(await cli(['migrate'], database.url)).toMatchObject({ code: 0, out: 'The schema was up to date.\n' });
    expect(await cli(['status'], database.url)).toMatchObject({
      code: 0,
      out: [...NAMES.map((name) => `applied  ${name}`), 'The schema is up to date.', ''].join('\n'),
    });
    expect(await cli(['sql'], database.url)).toMatchObject({ code: 0, out: '-- The schema is up to date.\n' });
  });

  it('on one that is behind: names what is missing, and runs only that', async () => {
    await prepare(MIGRATIONS.slice(0, 1));
    expect(await cli(['status'], database.url)).toMatchObject({
      code: 0,
      out: expect.stringMatching(`applied  ${NAMES[0]}\npending  ${NAMES[1]}`),
    });
    expect(await cli(['check'], database.url)).toMatchObject({ code: 1 });
    expect((await cli(['migrate'], database.url)).out).not.toContain(`applied ${NAMES[0]}`);
    expect(await cli(['check'], database.url)).toMatchObject({ code: 0 });
  });

  it('on one of a newer release: says so, and lets it be', async () => {
    await prepare();
    await role.asOwner("INSERT INTO automation.migrations (timestamp, name) VALUES (9999999999999, 'Later9999999999999')");
    expect(await cli(['status'], database.url)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/newer {4}Later9999999999999\nThe schema is that of a newer release/),
    });
    expect(await cli(['check'], database.url)).toMatchObject({ code: 0 });
  });

  it.each([0, 1])('prints the SQL to run by other means, after %i migrations', async (done) => {
    if (done > 0) await prepare(MIGRATIONS.slice(0, done));
    const { code, out } = await cli(['sql'], database.url);
    expect(code).toBe(0);
    expect(await cli(['check'], database.url)).toMatchObject({ code: 1 });
    // psql goes on after an error unless it is told not to.
    const [first, ...statements] = out.split('\n');
    expect(first).toBe('\\set ON_ERROR_STOP on');
    await role.asOwner(statements.join('\n'));
    expect(await cli(['check'], database.url)).toMatchObject({ code: 0 });
    expect(await cli(['migrate'], database.url)).toMatchObject({ code: 0, out: 'The schema was up to date.\n' });
  });

  it('without privileges: names the one that is missing, for what, and what to do', async () => {
    const refused = await cli(['migrate'], role.url);
    expect(refused).toMatchObject({
      code: 3,
      out: '',
      err: expect.stringMatching(/may not create the schema "automation": it lacks the privilege CREATE on the database.*\n.*GRANT CREATE/),
    });
    expect(refused.err).not.toMatch(/ at |secret/);
    await prepare();
    expect(await cli(['check'], role.url)).toMatchObject({ code: 3, err: expect.stringContaining('may not use the schema "automation"') });
    await role.asOwner(`GRANT USAGE ON SCHEMA automation TO ${role.name}; GRANT SELECT ON automation.migrations TO ${role.name}`);
    expect(await cli(['status'], role.url)).toMatchObject({ code: 0 });
    expect(await cli(['check'], role.url)).toMatchObject({ code: 3, err: expect.stringContaining('lacks DELETE on automation.') });
  });

  it('says what is wrong with a command line, and how it is used', async () => {
    for (const [args, message] of [
      [[], 'Which command?'],
      [['nothing'], "There is no command 'nothing'."],
      [['migrat'], 'There is no command \'migrat\'. Did you mean "migrate"?'],
      [['status', 'twice'], "'status' takes no 'twice'."],
      [['status', '--what'], "Unknown option '--what'"],
      [['status'], 'Say which database by --url or DATABASE_URL'],
      [['status', '--url', 'mysql://localhost'], 'Say which database'],
    ] as [string[], string][]) {
      expect(await cli(args)).toMatchObject({ code: 2, out: '', err: expect.stringContaining(message) });
    }
    expect(await npx(['nothing'])).toMatchObject({ code: 2, out: '' });
    expect(await npx(['--help'])).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringMatching(/^Usage: [\s\S]*migrate[\s\S]*status[\s\S]*check[\s\S]*sql[\s\S]*Exit codes/),
    });
  });

  it('says that a database cannot be reached', async () => {
    expect(await npx(['status', '--url', 'postgres://a:secret@127.0.0.1:1/b'])).toEqual({
      code: 3,
      out: '',
      err: expect.stringMatching(/^connect ECONNREFUSED[^\n]*\n$/),
    });
  });
});
