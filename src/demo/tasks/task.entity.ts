import { Column, Entity, Index } from 'typeorm';
import { CrmRecord } from '../crm/record.entity.js';

/** Something a person has to do, about any record. */
@Entity('tasks')
@Index(['workspaceId', 'createdAt'])
@Index(['workspaceId', 'relatedId'])
export class Task extends CrmRecord {
  @Column({ type: 'text' })
  title!: string;

  @Column({ type: 'text', nullable: true })
  description!: string | null;

  @Column({ type: 'text', default: 'Open' })
  status!: string;

  @Column({ type: 'text', default: 'Normal' })
  priority!: string;

  @Column({ type: 'timestamptz', nullable: true })
  dueAt!: Date | null;

  @Column({ type: 'text', nullable: true })
  assigneeId!: string | null;

  /** The module of the record it is about: `leads`. */
  @Column({ type: 'text', nullable: true })
  relatedModule!: string | null;

  @Column({ type: 'uuid', nullable: true })
  relatedId!: string | null;
}
