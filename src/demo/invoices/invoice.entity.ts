import { Column, Entity, Index, JoinColumn, ManyToOne, type Relation } from 'typeorm';
import { Account } from '../accounts/account.entity.js';
import { CrmRecord, money } from '../crm/record.entity.js';

/** What a customer owes us. */
@Entity('invoices')
@Index(['workspaceId', 'createdAt'])
@Index(['status', 'dueDate'])
export class Invoice extends CrmRecord {
  @Column({ type: 'text' })
  number!: string;

  @Column({ type: 'uuid', nullable: true })
  accountId!: string | null;

  @ManyToOne(() => Account, { nullable: true, onDelete: 'SET NULL' })
  @JoinColumn({ name: 'accountId' })
  account?: Relation<Account> | null;

  @Column({ ...money })
  amount!: number;

  @Column({ type: 'text', default: 'EUR' })
  currency!: string;

  @Column({ type: 'text', default: 'Draft' })
  status!: string;

  @Column({ type: 'date' })
  dueDate!: string;

  @Column({ type: 'text', nullable: true })
  ownerId!: string | null;
}
