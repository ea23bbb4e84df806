import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A person who works in the CRM. */
@Entity('users')
@Index(['workspaceId'])
export class User {
  /** `u-1`. */
  @PrimaryColumn({ type: 'text' })
  id!: string;

  @Column({ type: 'text' })
  workspaceId!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text' })
  email!: string;

  @Column({ type: 'text', array: true })
  roles!: string[];

  @Column({ type: 'boolean', default: true })
  active!: boolean;
}
