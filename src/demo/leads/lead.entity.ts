import { Column, Entity, Index } from 'typeorm';
import { CrmRecord, money } from '../crm/record.entity.js';

/** Someone who may become a customer. */
@Entity('leads')
@Index(['workspaceId', 'createdAt'])
export class Lead extends CrmRecord {
  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text', nullable: true })
  email!: string | null;

  @Column({ type: 'text', nullable: true })
  phone!: string | null;

  @Column({ type: 'text', nullable: true })
  company!: string | null;

  @Column({ type: 'text', nullable: true })
  source!: string | null;

  @Column({ type: 'text', default: 'New' })
  stage!: string;

  @Column({ type: 'text', default: 'Normal' })
  priority!: string;

  @Column({ ...money, nullable: true })
  amount!: number | null;

  @Column({ type: 'text', array: true, default: () => "'{}'" })
  tags!: string[];

  @Column({ type: 'text', nullable: true })
  ownerId!: string | null;
}
