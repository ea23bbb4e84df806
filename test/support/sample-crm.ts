import {
  Column,
  CreateDateColumn,
  DataSource,
  Entity,
  JoinColumn,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
} from 'typeorm';
import { type TypeOrmCrmHost, typeOrmCrm } from '../../src/host/typeorm-crm-host.js';

/** A CRM as small as the engine's tests, fault workers and benchmarks can do with. */

@Entity('crm_users')
class User {
  @PrimaryColumn({ type: 'text' }) id!: string;
  @Column({ type: 'text' }) workspaceId!: string;
  @Column({ type: 'text' }) name!: string;
  @Column({ type: 'text', nullable: true }) email!: string | null;
  @Column({ type: 'jsonb', default: [] }) roles!: string[];
  @Column({ type: 'boolean', default: true }) active!: boolean;
}

@Entity('crm_accounts')
export class Account {
  @PrimaryColumn({ type: 'text' }) id!: string;
  @Column({ type: 'text' }) workspaceId!: string;
  @Column({ type: 'text' }) name!: string;
  @Column({ type: 'text', nullable: true }) industry!: string | null;
}

const LEAD_STAGES = ['New', 'Contacted', 'Qualified', 'Won'];

@Entity('crm_leads')
export class Lead {
  @PrimaryColumn({ type: 'text' }) id!: string;
  @Column({ type: 'text' }) workspaceId!: string;
  @Column({ type: 'text' }) name!: string;
  @Column({ type: 'text', nullable: true }) email!: string | null;
  @Column({ type: 'text', nullable: true }) source!: string | null;
  @Column({ type: 'text', default: 'New' }) stage!: string;
  @Column({ type: 'text', nullable: true }) ownerId!: string | null;
  @Column({ type: 'numeric', nullable: true }) amount!: string | null;
  @Column({ type: 'integer', default: 0 }) touches!: number;
  @Column({ type: 'text', nullable: true }) accountId!: string | null;
  @ManyToOne(() => Account, { nullable: true })
  @JoinColumn({ name: 'accountId' })
  account?: Relation<Account> | null;
  @CreateDateColumn({ type: 'timestamptz' }) createdAt!: Date;
}

@Entity('crm_tasks')
export class Task {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column({ type: 'text' }) workspaceId!: string;
  @Column({ type: 'text' }) title!: string;
  @Column({ type: 'text', nullable: true }) description!: string | null;
  @Column({ type: 'text', nullable: true }) assigneeId!: string | null;
  @Column({ type: 'timestamptz', nullable: true }) dueAt!: Date | null;
  @Column({ type: 'text', nullable: true }) priority!: string | null;
  @Column({ type: 'text', nullable: true }) recordModule!: string | null;
  @Column({ type: 'text', nullable: true }) recordId!: string | null;
}

@Entity('crm_notifications')
class Notification {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column({ type: 'text' }) workspaceId!: string;
  @Column({ type: 'text' }) userId!: string;
  @Column({ type: 'text' }) title!: string;
  @Column({ type: 'text', nullable: true }) body!: string | null;
  @Column({ type: 'text', nullable: true }) recordModule!: string | null;
  @Column({ type: 'text', nullable: true }) recordId!: string | null;
}

/** The host's DataSource; `synchronize` makes its tables, in a database that is a test's own. */
export function sampleDataSource(url: string, options: { synchronize?: boolean; poolSize?: number } = {}): DataSource {
  return new DataSource({
    type: 'postgres',
    url,
    entities: [User, Account, Lead, Task, Notification],
    synchronize: options.synchronize ?? false,
    poolSize: options.poolSize ?? 5,
    // What a test lets die in the middle keeps no process alive.
    extra: { allowExitOnIdle: true },
  });
}

/** The sample CRM as automation sees it. */
export function sampleCrm(): TypeOrmCrmHost {
  return typeOrmCrm(
    {
      leads: { entity: Lead, stage: 'stage', owner: 'ownerId', stages: LEAD_STAGES },
      accounts: { entity: Account },
      tasks: { entity: Task, owner: 'assigneeId' },
    },
    { users: { entity: User }, tasks: { entity: Task }, notifications: { entity: Notification } },
  );
}

/** Users u-1 to u-3 of a workspace. */
export async function seedUsers(source: DataSource, workspaceId: string): Promise<void> {
  await source.getRepository(User).insert(
    [1, 2, 3].map((number) => ({
      id: `${workspaceId === 'acme' ? '' : `${workspaceId}-`}u-${number}`,
      workspaceId,
      name: `User ${number}`,
      email: `u${number}@${workspaceId}.test`,
      roles: number === 1 ? ['senior'] : [],
    })),
  );
}
