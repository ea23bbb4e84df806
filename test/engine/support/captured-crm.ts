import {
  Column,
  DataSource,
  DeleteDateColumn,
  Entity,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
  UpdateDateColumn,
  VersionColumn,
} from 'typeorm';
import type { AutomationOptions } from '../../../src/automation.options.js';
import { typeOrmCrm } from '../../../src/host/typeorm-crm-host.js';
import { type AutomationApp, startAutomationApp } from '../../support/automation-app.js';
import { createMigratedDatabase } from '../../support/template-databases.js';

@Entity('companies')
export class Company {
  @PrimaryColumn({ type: 'text' }) id!: string;
  @Column({ type: 'text' }) tenantId!: string;
  @Column({ type: 'text' }) name!: string;
}

class Address {
  @Column({ type: 'text', nullable: true }) city!: string | null;
}

/** What the entities of grown CRMs are like: a tenant and a key of other names, relations without a key property, hidden columns, decimals. */
@Entity('deals')
export class Deal {
  @PrimaryGeneratedColumn() dealId!: number;
  @Column({ type: 'text', nullable: true }) tenantId!: string | null;
  @Column({ type: 'text' }) title!: string;
  @Column({ type: 'text', default: 'New' }) stage!: string;
  @Column({ type: 'text', nullable: true }) ownerId!: string | null;
  @Column({ type: 'numeric', precision: 12, scale: 2, nullable: true }) amount!: string | null;
  @Column({ type: 'text', array: true, default: [] }) tags!: string[];
  @Column({ type: 'date', nullable: true }) closeDate!: string | null;
  @Column({ type: 'jsonb', nullable: true }) extra!: object | null;
  @Column({ type: 'timestamptz', nullable: true }) seenAt!: Date | null;
  @Column({ type: 'timestamp', nullable: true }) localAt!: Date | null;
  @Column({ type: 'numeric', nullable: true }) exact!: string | null;
  @Column({ type: 'text', nullable: true }) margin!: string | null;
  @Column(() => Address) address!: Address;
  @ManyToOne(() => Company, { nullable: true }) company?: Relation<Company> | null;
  @UpdateDateColumn({ type: 'timestamptz' }) updatedAt!: Date;
  @VersionColumn() version!: number;
  @DeleteDateColumn({ type: 'timestamptz' }) deletedAt!: Date | null;
}

export interface CapturedApp extends AutomationApp {
  /** The host's own DataSource. */
  crm: DataSource;
}

export interface CapturedEvent {
  workspace_id: string;
  event: string;
  record_id: string;
  record: Record<string, unknown>;
  previous: Record<string, unknown> | null;
  changes: Record<string, { from: unknown; to: unknown }> | null;
  actor: { type: string; id: string | null; name?: string };
  source: string;
}

export function dealsCrm() {
  return typeOrmCrm(
    {
      deals: { entity: Deal, stage: 'stage', owner: 'ownerId', stages: ['New', 'Won'], fields: { margin: { hidden: true } } },
      companies: { entity: Company },
    },
    { workspace: 'tenantId' },
  );
}

/** A host whose deals come by one of the doors. */
export async function startCapturedApp(options: Partial<AutomationOptions>): Promise<CapturedApp> {
  const database = await createMigratedDatabase();
  const crm = await new DataSource({ type: 'postgres', url: database.url, entities: [Deal, Company], synchronize: true }).initialize();
  await crm.manager.insert(Company, { id: 'c-1', tenantId: 'acme', name: 'Analytical Engines' });
  const app = await startAutomationApp({ dataSource: crm, crm: dealsCrm(), ...options }, { database, emitter: true }).catch(
    async (error: unknown) => {
      await crm.destroy();
      await database.drop();
      throw error;
    },
  );
  const close = async (): Promise<void> => {
    await app.close();
    if (crm.isInitialized) await crm.destroy();
    await database.drop();
  };
  return Object.create(app, { crm: { value: crm }, close: { value: close } }) as CapturedApp;
}

/** Takes what was captured since the last time, oldest first. */
export async function takeEvents(app: CapturedApp): Promise<CapturedEvent[]> {
  const events = await app.query<CapturedEvent>(
    'SELECT workspace_id, event, record_id, record, previous, changes, actor, source FROM automation.events ORDER BY id',
  );
  await app.query('DELETE FROM automation.events');
  return events;
}
