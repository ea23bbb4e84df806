import { Column, CreateDateColumn, PrimaryGeneratedColumn, UpdateDateColumn } from 'typeorm';

/** What every table of this CRM starts with. */
export abstract class CrmRecord {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  /** The tenant. */
  @Column({ type: 'text' })
  workspaceId!: string;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;

  @UpdateDateColumn({ type: 'timestamptz' })
  updatedAt!: Date;
}

/** An amount of money. Postgres keeps numerics exact and hands them over as text; this CRM's amounts fit a number. */
export const money = {
  type: 'numeric',
  precision: 14,
  scale: 2,
  transformer: {
    from: (value: string | null): number | null => (value === null ? null : Number(value)),
    to: (value: number | null): number | null => value,
  },
} as const;
