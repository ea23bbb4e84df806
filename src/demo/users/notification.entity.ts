import { Column, Entity, Index } from 'typeorm';
import { CrmRecord } from '../crm/record.entity.js';

/** A line in a user's bell menu. */
@Entity('notifications')
@Index(['workspaceId', 'createdAt'])
export class Notification extends CrmRecord {
  @Column({ type: 'text' })
  userId!: string;

  @Column({ type: 'text' })
  title!: string;

  @Column({ type: 'text', nullable: true })
  body!: string | null;

  @Column({ type: 'text', nullable: true })
  relatedModule!: string | null;

  @Column({ type: 'uuid', nullable: true })
  relatedId!: string | null;
}
