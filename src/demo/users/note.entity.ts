import { Column, Entity, Index } from 'typeorm';
import { CrmRecord } from '../crm/record.entity.js';

/** What somebody has written about a record. */
@Entity('notes')
@Index(['workspaceId', 'relatedId'])
export class Note extends CrmRecord {
  @Column({ type: 'text' })
  body!: string;

  /** Null: a workflow. */
  @Column({ type: 'text', nullable: true })
  authorId!: string | null;

  @Column({ type: 'text' })
  relatedModule!: string;

  @Column({ type: 'uuid' })
  relatedId!: string;
}
