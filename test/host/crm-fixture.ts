import { DataSource, type EntityManager, type EntitySubscriberInterface } from 'typeorm';
import type { CrmTransaction } from '../../src/host/crm-host.js';
import { type TypeOrmCrmHost, typeOrmCrm } from '../../src/host/typeorm-crm-host.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { Account, Article, Deal, entities, Lead, Notification, Stage, Task, User } from './crm-entities.js';

/** A CRM with one of every kind of key, in a database of its own. */
export class CrmFixture {
  /** Statements since the last {@link forgetStatements}, without those that begin and end transactions. */
  readonly statements: string[] = [];

  private constructor(
    private readonly database: TestDatabase,
    readonly dataSource: DataSource,
    readonly host: TypeOrmCrmHost,
  ) {
    dataSource.setOptions({
      logging: ['query'],
      logger: {
        logQuery: (query) => {
          if (!/^(START|COMMIT|ROLLBACK|SAVEPOINT)/.test(query)) this.statements.push(query);
        },
        logQueryError: () => undefined,
        logQuerySlow: () => undefined,
        logSchemaBuild: () => undefined,
        logMigration: () => undefined,
        log: () => undefined,
      },
    });
  }

  static async create(): Promise<CrmFixture> {
    const database = await createTestDatabase();
    const dataSource = new DataSource({ type: 'postgres', url: database.url, entities, synchronize: true });
    const fixture = new CrmFixture(database, dataSource, crm());
    await dataSource.initialize();
    await dataSource.query('CREATE SCHEMA automation');
    await dataSource.query(`CREATE TABLE automation.rotations (
      workspace_id text NOT NULL, key text NOT NULL, track bigint NOT NULL GENERATED ALWAYS AS IDENTITY, position bigint NOT NULL,
      PRIMARY KEY (workspace_id, key, track))`);
    fixture.host.attach(dataSource);
    return fixture;
  }

  /** Runs `work` in a transaction of workspace `acme`. */
  inTransaction<T>(work: (tx: CrmTransaction) => Promise<T>, workspaceId = 'acme'): Promise<T> {
    return this.dataSource.transaction((manager) => work({ manager, workspaceId }));
  }

  transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.dataSource.transaction(work);
  }

  async withSubscriber<T>(subscriber: EntitySubscriberInterface, work: () => Promise<T>): Promise<T> {
    this.dataSource.subscribers.push(subscriber);
    try {
      return await work();
    } finally {
      this.dataSource.subscribers.splice(this.dataSource.subscribers.indexOf(subscriber), 1);
    }
  }

  forgetStatements(): void {
    this.statements.length = 0;
  }

  lead(values: Partial<Lead> = {}): Promise<Lead> {
    return this.dataSource.getRepository(Lead).save({ workspaceId: 'acme', name: 'Ada', ...values });
  }

  account(values: Partial<Account> = {}): Promise<Account> {
    return this.dataSource
      .getRepository(Account)
      .save({ workspaceId: 'acme', name: 'Analytical Engines', industry: 'Machines', ...values });
  }

  deal(values: Partial<Deal> = {}): Promise<Deal> {
    return this.dataSource.getRepository(Deal).save({ workspaceId: 'acme', title: 'Big Deal', ...values });
  }

  user(values: Partial<User> = {}): Promise<User> {
    return this.dataSource.getRepository(User).save({ workspaceId: 'acme', firstName: 'Grace', lastName: 'Hopper', ...values });
  }

  async clear(): Promise<void> {
    const tables = this.dataSource.entityMetadatas.map(({ tableName }) => `"${tableName}"`);
    await this.dataSource.query(`TRUNCATE ${tables.join(', ')}, automation.rotations CASCADE`);
    this.forgetStatements();
  }

  async close(): Promise<void> {
    await this.dataSource.destroy();
    await this.database.drop();
  }
}

/** The configuration as a host would write it. */
export function crm(): TypeOrmCrmHost {
  return typeOrmCrm(
    {
      leads: {
        tags: 'tags',
        entity: Lead,
        stage: 'stage',
        owner: 'ownerId',
        fields: { name: { label: 'Full name' }, score: { writable: false } },
      },
      opportunities: {
        entity: Deal,
        stage: 'stage',
        owner: 'owner',
        stages: { entity: Stage, match: { minimum: 'amount' } },
        open: [{ stage: 'Prospecting' }, { stage: 'Proposal' }],
        events: { closed_won: { on: 'changed', field: 'stage', to: ['Won'] }, stalled: { label: 'Gone quiet', rule: { on: 'custom' } } },
      },
      accounts: { entity: Account },
      articles: { entity: Article, workspace: null },
      tasks: { entity: Task, stage: 'status', owner: 'assignee' },
    },
    {
      users: { entity: User },
      tasks: { entity: Task, properties: { assignee: 'assignee', dueAt: 'due' } },
      notifications: {
        entity: Notification,
        map: ({ userId, title, body }) => ({ userId: Number(userId), text: `${title}: ${body ?? ''}` }),
      },
    },
  );
}
