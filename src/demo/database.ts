import type { EventEmitter } from 'node:events';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { CRM_MODULES } from './crm/crm-modules.js';
import { LEAD_STAGES, OPPORTUNITY_STAGES } from './crm/values.js';
import { DemoState } from './demo-state.entity.js';
import { Note } from './users/note.entity.js';
import { Notification } from './users/notification.entity.js';
import { PipelineStage } from './users/pipeline-stage.entity.js';
import { User } from './users/user.entity.js';

/** The CRM's own connection; automation makes itself a smaller one from it. */
export function crmDataSourceOptions(url: string): DataSourceOptions {
  return {
    type: 'postgres',
    url,
    applicationName: 'demo-crm',
    entities: [...CRM_MODULES.map((module) => module.entity), User, PipelineStage, Notification, Note, DemoState],
    // A demo may follow its entities; a CRM with data of worth has migrations. Done below, under a lock.
    synchronize: false,
  };
}

/** Connects, brings the tables up to date and fills in the people and pipelines of a new database. */
export async function openCrmDatabase(options: DataSourceOptions): Promise<DataSource> {
  const dataSource = await new DataSource(options).initialize();
  outliveLostConnections(dataSource);
  try {
    // Two processes that start at once on one database would otherwise both create the same tables.
    const lock = dataSource.createQueryRunner();
    try {
      await lock.query(`SELECT pg_advisory_lock(hashtext('demo-crm'))`);
      await dataSource.synchronize();
      await seed(dataSource);
    } finally {
      await lock.query(`SELECT pg_advisory_unlock(hashtext('demo-crm'))`);
      await lock.release();
    }
    return dataSource;
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
}

/**
 * A connection that the server ends in the moment it becomes ready says so before TypeORM listens, and an `error` that
 * nobody listens to ends the process. Whoever asks on that connection next hears of the loss anyway.
 */
function outliveLostConnections(dataSource: DataSource): void {
  const { master: pool } = dataSource.driver as unknown as { master: EventEmitter };
  pool.on('connect', (client: EventEmitter) => client.on('error', () => undefined));
}

async function seed(dataSource: DataSource): Promise<void> {
  const people = (workspaceId: string, rows: [id: string, name: string, roles: string[]][]): Partial<User>[] =>
    rows.map(([id, name, roles]) => ({
      id,
      workspaceId,
      name,
      email: `${name.toLowerCase().replace(' ', '.')}@${workspaceId}.test`,
      roles,
      active: true,
    }));
  const users = [
    ...people('acme', [
      ['u-1', 'Ada Lindqvist', ['ae']],
      ['u-2', 'Ben Okafor', ['ae']],
      ['u-3', 'Chloe Marin', ['ae']],
      ['u-4', 'Dario Conti', ['senior', 'manager']],
      ['u-5', 'Esther Novak', ['senior', 'manager']],
      ['u-6', 'Farid Haddad', ['support']],
      ['u-7', 'Grace Lim', ['account_manager', 'manager']],
      ['u-8', 'Hugo Brandt', ['finance']],
      ['u-9', 'Ines Alvarez', ['admin', 'director']],
    ]),
    ...people('rival', [
      ['r-1', 'Rita Vance', ['admin']],
      ['r-2', 'Sven Aker', ['ae']],
    ]),
  ];
  const stages = (['acme', 'rival'] as const).flatMap((workspaceId) =>
    Object.entries({ leads: LEAD_STAGES, opportunities: OPPORTUNITY_STAGES }).flatMap(([module, names]) =>
      names.map((name, position) => ({ workspaceId, module, name, position })),
    ),
  );
  // What is there already may have been changed by somebody, and stays.
  await dataSource.createQueryBuilder().insert().into(User).values(users).orIgnore().execute();
  await dataSource.createQueryBuilder().insert().into(PipelineStage).values(stages).orIgnore().execute();
}
