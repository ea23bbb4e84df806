import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { CreateAutomation1763600000000 } from '../../migrations/1763600000000-create-automation.js';
import { Retention1763700000000 } from '../../migrations/1763700000000-retention.js';
import { AutomationDatabase } from '../../src/store/database.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';

const EVENT = '019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11';
const RUN = `INSERT INTO automation.runs (workspace_id, id, workflow_id, version_id, version, event_id, status, actor, finished_at)
  VALUES ('acme', gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 1, '${EVENT}', 'succeeded', '{}', now())`;
const INDEXES = ['events_routed', 'runs_event_repeats', 'runs_past', 'runs_past_skipped'];

describe('bringing a database of 0.1.0 up to date', () => {
  let test: TestDatabase;
  let host: DataSource;
  beforeEach(async () => {
    test = await createTestDatabase();
    host = await new DataSource({ type: 'postgres', url: test.url }).initialize();
    const old = new AutomationDatabase(host, { poolSize: 3, migrations: [CreateAutomation1763600000000], migrate: 'auto' });
    await old.connect();
    await old.close();
    await host.query(
      `INSERT INTO automation.events (workspace_id, id, module, event, actor, source) VALUES ('acme', '${EVENT}', 'leads', 'created', '{}', 'publish')`,
    );
  });
  afterEach(async () => {
    await host.destroy();
    await test.drop();
  });

  const migrate = async (mode: 'auto' | 'check' = 'auto'): Promise<void> => {
    const migrations = [CreateAutomation1763600000000, Retention1763700000000];
    const database = new AutomationDatabase(host, { poolSize: 3, migrations, migrate: mode });
    await database.connect();
    await database.close();
  };
  const indexes = async (): Promise<string[]> =>
    (
      (await host.query(`SELECT indexname FROM pg_indexes WHERE schemaname = 'automation' AND indexname = ANY($1) ORDER BY 1`, [
        INDEXES,
      ])) as { indexname: string }[]
    ).map(({ indexname }) => indexname);

  it('adds the indexes once, those that somebody has built before included', async () => {
    await host.query(
      `CREATE INDEX CONCURRENTLY runs_past ON automation.runs (finished_at) WHERE status IN ('succeeded', 'failed', 'cancelled')`,
    );
    await expect(migrate('check')).rejects.toMatchObject({ code: 'schema_behind' });
    await migrate();
    expect(await indexes()).toEqual(INDEXES);
    await migrate();
    await migrate('check');
  });

  it('lets a router of 0.1.0 that has events locked write their runs, and is done after it', async () => {
    const router = host.createQueryRunner();
    await router.startTransaction();
    await router.query('UPDATE automation.events SET routed_at = now()');
    const migrated = migrate();
    await eventually(async () => {
      const waiting = await host.query(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'CREATE INDEX%events_routed%'`,
      );
      expect(waiting).toHaveLength(1);
    });
    await router.query("SET LOCAL lock_timeout = '5s'");
    await router.query(RUN);
    await router.commitTransaction();
    await router.release();
    await migrated;
    expect(await indexes()).toEqual(INDEXES);
  });
});
