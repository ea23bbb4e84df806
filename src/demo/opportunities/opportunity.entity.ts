import { Column, Entity, Index, JoinColumn, ManyToOne, type Relation } from 'typeorm';
import { Account } from '../accounts/account.entity.js';
import { CrmRecord, money } from '../crm/record.entity.js';

/** A deal on its way through the sales pipeline. */
@Entity('opportunities')
@Index(['workspaceId', 'createdAt'])
export class Opportunity extends CrmRecord {
  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'uuid', nullable: true })
  accountId!: string | null;

  @ManyToOne(() => Account, { nullable: true, onDelete: 'SET NULL' })
  @JoinColumn({ name: 'accountId' })
  account?: Relation<Account> | null;

  @Column({ type: 'text', default: 'Prospecting' })
  stage!: string;

  @Column({ type: 'text', default: 'Normal' })
  priority!: string;

  @Column({ ...money, nullable: true })
  amount!: number | null;

  @Column({ type: 'date', nullable: true })
  closeDate!: string | null;

  @Column({ type: 'text', nullable: true })
  ownerId!: string | null;
}
