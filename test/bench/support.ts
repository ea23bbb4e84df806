import 'reflect-metadata';
import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type INestApplicationContext, Module, type ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { WorkflowService } from '../../src/admin/workflow-service.js';
import { AutomationModule } from '../../src/automation.module.js';
import type { AutomationOptions } from '../../src/automation.options.js';
import { startPostgres } from '../../src/demo/postgres/embedded-postgres.js';
import { Automation } from '../../src/engine/automation.js';
import type { Caller } from '../../src/host/access.js';
import { sampleCrm, sampleDataSource, seedUsers } from '../support/sample-crm.js';

export const ADMIN: Caller = { userId: 'bench', workspaceId: 'acme', permissions: ['view', 'operate', 'manage'] };

/** The workflow that is measured: one condition, three local actions. */
export const THREE_ACTIONS = {
  trigger: { type: 'event', module: 'leads', event: 'created' },
  conditions: { field: 'source', operator: 'equals', value: 'Web Form' },
  steps: [
    { id: 'owner', type: 'assign_owner', with: { strategy: 'round_robin', userIds: ['u-1', 'u-2'] } },
    {
      id: 'call',
      type: 'create_task',
      with: { title: 'Call {{record.name}}', dueIn: 'P1D', assigneeId: '{{steps.owner.output.ownerId}}' },
    },
    { id: 'stage', type: 'move_stage', with: { stage: 'Contacted' } },
  ],
};

/** A Postgres for this benchmark alone, durable (fsync on), or the one that DATABASE_URL names. */
export async function benchPostgres(): Promise<{ url: string; stop(): Promise<void> }> {
  if (process.env.DATABASE_URL) return { url: process.env.DATABASE_URL, stop: async () => undefined };
  const folder = await mkdtemp(join(tmpdir(), 'nestjs-crm-automation-bench-'));
  // For the user that the server runs as when we are root: in a folder of ours alone it could not have its data.
  await chmod(folder, 0o755);
  const dataDir = join(folder, 'postgres');
  const server = await startPostgres({
    dataDir,
    settings: { shared_buffers: '512MB', max_wal_size: '4GB' },
  });
  return {
    url: server.url,
    async stop() {
      await server.stop();
      // Where the data lies elsewhere all the same, dataDir is a link to it: gigabytes, after the long history.
      await rm(await realpath(dataDir), { recursive: true, force: true });
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A fresh database with the sample CRM's tables and users. */
export async function benchDatabase(serverUrl: string, name: string): Promise<string> {
  const admin = new pg.Client({ connectionString: serverUrl });
  await admin.connect();
  await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.end();
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const source = await sampleDataSource(url.href, { synchronize: true }).initialize();
  await seedUsers(source, 'acme');
  await source.destroy();
  return url.href;
}

/** A host process: the sample CRM with automation. */
export interface BenchHost {
  context: INestApplicationContext;
  source: DataSource;
  automation: Automation;
  workflows: WorkflowService;
  close(): Promise<void>;
}

export async function benchHost(
  url: string,
  options: Partial<AutomationOptions> = {},
  imports: NonNullable<ModuleMetadata['imports']> = [],
): Promise<BenchHost> {
  const source = await sampleDataSource(url, { poolSize: 8 }).initialize();

  @Module({
    imports: [
      AutomationModule.forRootAsync({ useFactory: (): AutomationOptions => ({ dataSource: source, crm: sampleCrm(), ...options }) }),
      ...imports,
    ],
  })
  class HostModule {}

  const context = await NestFactory.createApplicationContext(HostModule, { logger: ['error', 'fatal'] });
  return {
    context,
    source,
    automation: context.get(Automation),
    workflows: context.get(WorkflowService),
    async close() {
      await context.close();
      await source.destroy();
    },
  };
}

/** Inserts leads in one statement and answers their ids. */
export async function insertLeads(source: DataSource, count: number, prefix: string): Promise<string[]> {
  await source.query(
    `INSERT INTO crm_leads (id, "workspaceId", name, email, source)
     SELECT $2 || n, 'acme', 'Lead ' || n, 'lead' || n || '@acme.test', 'Web Form' FROM generate_series(1, $1::int) AS n`,
    [count, prefix],
  );
  await source.query('ANALYZE crm_leads');
  return Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`);
}

/** Runs `work` over the items with so many at a time. */
export async function inParallel<T>(items: readonly T[], at: number, work: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) await work(items[index] as T);
  };
  await Promise.all(Array.from({ length: at }, lane));
}

/** The value at a quantile of unsorted numbers. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}
