import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { AutomationDatabase } from '../../src/store/database.js';
import { MIGRATIONS } from '../../src/store/migrations.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { createTestRole, type TestRole } from '../support/roles.js';

describe('starting with a role that may do little', () => {
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

  const start = async (
    url: string,
    { migrate = 'auto', migrations = MIGRATIONS }: { migrate?: 'auto' | 'check'; migrations?: typeof MIGRATIONS } = {},
  ) => {
    const host = new DataSource({ type: 'postgres', url });
    const automation = new AutomationDatabase(host, { poolSize: 4, migrations, migrate });
    await automation.connect();
    await automation.close();
  };
  const use = () => `GRANT USAGE ON SCHEMA automation TO ${role.name};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA automation TO ${role.name}`;

  it('migrates a schema of its own without CREATE on the database', async () => {
    await role.asOwner(`CREATE SCHEMA automation AUTHORIZATION ${role.name}`);
    await start(role.url);
    await start(role.url, { migrate: 'check' });
  });

  it.each(['auto', 'check'] as const)(
    'works with a schema that is up to date and somebody else’s, and is never asked for more: %s',
    async (migrate) => {
      await start(database.url);
      await role.asOwner(use());
      await start(role.url, { migrate });
    },
  );

  it('says that it lacks CREATE on the database, for which schema, and which option does without', async () => {
    const name = new URL(database.url).pathname.slice(1);
    await expect(start(role.url)).rejects.toMatchObject({
      code: 'privilege_missing',
      message: `The role "${role.name}" may not create the schema "automation": it lacks the privilege CREATE on the database "${name}".`,
      hint: expect.stringMatching(
        /GRANT CREATE ON DATABASE.*CREATE SCHEMA automation AUTHORIZATION.*npx nestjs-crm-automation migrate.*`database\.migrate: 'check'`/,
      ),
    });
  });

  it('says that it may not change a schema of somebody else that is behind', async () => {
    await start(database.url, { migrations: MIGRATIONS.slice(0, 1) });
    await role.asOwner(use());
    await expect(start(role.url)).rejects.toMatchObject({
      code: 'privilege_missing',
      message: expect.stringMatching(
        /may not bring the schema "automation" up to date: it needs the privilege CREATE on the schema.*\(must be owner|\(permission denied/,
      ),
      hint: expect.stringMatching(/`database\.migrate: 'check'`/),
    });
    await expect(start(role.url, { migrate: 'check' })).rejects.toMatchObject({
      code: 'schema_behind',
      message: expect.stringContaining(`is not up to date: ${new (MIGRATIONS[1] as (typeof MIGRATIONS)[number])().name}`),
      hint: expect.stringMatching(/npx nestjs-crm-automation migrate.*`database\.migrate: 'auto'`/),
    });
  });

  it('says that the schema does not exist when it may only check', async () => {
    await expect(start(role.url, { migrate: 'check' })).rejects.toMatchObject({
      code: 'schema_behind',
      message: expect.stringContaining('does not exist'),
    });
  });

  it('says that it may not use the schema', async () => {
    await start(database.url);
    await expect(start(role.url)).rejects.toMatchObject({
      code: 'privilege_missing',
      message: `The role "${role.name}" may not use the schema "automation" (permission denied for schema automation).`,
      hint: expect.stringContaining(`GRANT USAGE ON SCHEMA automation TO "${role.name}"`),
    });
  });

  it('lists what it lacks on the tables, before anything needs it', async () => {
    await start(database.url);
    await role.asOwner(
      `${use()}; REVOKE DELETE ON automation.runs, automation.events FROM ${role.name}; REVOKE UPDATE ON automation.runs FROM ${role.name}`,
    );
    await expect(start(role.url, { migrate: 'check' })).rejects.toMatchObject({
      code: 'privilege_missing',
      message: `The role "${role.name}" lacks DELETE on automation.events, automation.runs; UPDATE on automation.runs.`,
      hint: expect.stringContaining('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA automation'),
    });
  });
});
