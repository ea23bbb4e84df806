import { Column, Entity, Index } from 'typeorm';
import { CrmRecord, money } from '../crm/record.entity.js';

/** A company we do business with. */
@Entity('accounts')
@Index(['workspaceId', 'createdAt'])
export class Account extends CrmRecord {
  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text', nullable: true })
  industry!: string | null;

  @Column({ type: 'text', nullable: true })
  website!: string | null;

  @Column({ ...money, nullable: true })
  annualRevenue!: number | null;

  @Column({ type: 'text', nullable: true })
  ownerId!: string | null;
}
