import {
  AfterLoad,
  BeforeUpdate,
  Column,
  CreateDateColumn,
  DeleteDateColumn,
  Entity,
  JoinColumn,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
  UpdateDateColumn,
  VersionColumn,
} from 'typeorm';

/** Integer keys, and only one workspace has each. */
@Entity('app_users')
export class User {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: 'text' })
  workspaceId!: string;

  @Column({ type: 'text' })
  firstName!: string;

  @Column({ type: 'text' })
  lastName!: string;

  @Column({ type: 'text', nullable: true })
  email!: string | null;

  @Column({ type: 'text', array: true, default: () => "'{}'" })
  roles!: string[];

  @Column({ type: 'boolean', default: true })
  active!: boolean;
}

@Entity('companies')
export class Account {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column({ type: 'text' })
  workspaceId!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text', nullable: true })
  industry!: string | null;

  @DeleteDateColumn({ type: 'timestamptz' })
  deletedAt!: Date | null;
}

export class Address {
  @Column({ type: 'text', nullable: true })
  street!: string | null;

  @Column({ type: 'date', nullable: true })
  since!: string | null;
}

/** Stored in cents, an amount for everybody else. */
const cents = {
  to: (value: number | null): number | null => (value === null || value === undefined ? null : Math.round(value * 100)),
  from: (value: string | null): number | null => (value === null ? null : Number(value) / 100),
};

/** Every kind of column. */
@Entity('crm leads')
export class Lead {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column({ type: 'text', name: 'tenant' })
  workspaceId!: string;

  @Column({ type: 'varchar', length: 200 })
  name!: string;

  @Column({ type: 'enum', enum: ['New', 'Qualified', 'Converted', 'it\'s "odd", \\really'], default: 'New' })
  stage!: string;

  @Column({ type: 'numeric', precision: 14, scale: 2, nullable: true, name: 'deal_amount' })
  amount!: string | null;

  @Column({ type: 'bigint', nullable: true, transformer: cents })
  budget!: number | null;

  @Column({ type: 'numeric', nullable: true })
  exact!: string | null;

  @Column({ type: 'bigint', nullable: true })
  views!: string | null;

  @Column({ type: 'integer', default: 0 })
  score!: number;

  @Column({ type: 'double precision', nullable: true })
  ratio!: number | null;

  @Column({ type: 'boolean', nullable: true })
  optIn!: boolean | null;

  @Column({ type: 'date', nullable: true })
  birthday!: string | null;

  @Column({ type: 'timestamptz', nullable: true })
  contactedAt!: Date | null;

  @Column({ type: 'timestamp', nullable: true })
  localAt!: Date | null;

  @Column({ type: 'jsonb', nullable: true })
  extra!: unknown;

  @Column({ type: 'text', array: true, default: () => "'{}'" })
  tags!: string[];

  @Column({ type: 'simple-array', nullable: true })
  labels!: string[] | null;

  @Column({ type: 'enum', enum: ['a', 'b', 'c d'], array: true, nullable: true })
  kinds!: string[] | null;

  @Column({ type: 'bytea', nullable: true })
  photo!: Buffer | null;

  @Column({ type: 'text', nullable: true, select: false })
  secret!: string | null;

  @Column(() => Address)
  address!: Address;

  @ManyToOne(() => Account, { nullable: true })
  @JoinColumn({ name: 'account_ref' })
  account?: Relation<Account> | null;

  @Column({ type: 'integer', nullable: true })
  ownerId!: number | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;

  @UpdateDateColumn({ type: 'timestamptz' })
  updatedAt!: Date;

  @VersionColumn()
  version!: number;

  @DeleteDateColumn({ type: 'timestamptz' })
  deletedAt!: Date | null;
}

/** A serial key, a relation with a property for its key, and listeners. */
@Entity('deals')
export class Deal {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: 'text' })
  workspaceId!: string;

  @Column({ type: 'text' })
  title!: string;

  @Column({ type: 'text', default: 'Prospecting' })
  stage!: string;

  @Column({ type: 'integer', default: 0 })
  amount!: number;

  @Column({ type: 'text', nullable: true })
  slug!: string | null;

  @Column({ type: 'timestamptz', nullable: true })
  closedAt!: Date | null;

  @Column({ type: 'uuid', nullable: true })
  accountId!: string | null;

  @ManyToOne(() => Account, { nullable: true })
  @JoinColumn({ name: 'accountId' })
  account?: Relation<Account> | null;

  @ManyToOne(() => User, { nullable: true })
  owner?: Relation<User> | null;

  @BeforeUpdate()
  makeSlug(): void {
    this.slug = this.title.toLowerCase().replaceAll(' ', '-');
  }
}

/** A text key, no workspace, and an afterLoad listener. */
@Entity('articles')
export class Article {
  @PrimaryColumn({ type: 'text' })
  code!: string;

  @Column({ type: 'text' })
  body!: string;

  @AfterLoad()
  reveal(): void {
    this.body = this.body.replace('enc:', '');
  }
}

@Entity('work_items')
export class Task {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column({ type: 'text' })
  workspaceId!: string;

  @Column({ type: 'text' })
  title!: string;

  @Column({ type: 'text', nullable: true })
  description!: string | null;

  @Column({ type: 'enum', enum: ['Open', 'Done'], default: 'Open' })
  status!: string;

  @Column({ type: 'text', default: 'Normal' })
  priority!: string;

  @Column({ type: 'date', nullable: true })
  due!: string | null;

  @ManyToOne(() => User, { nullable: true })
  assignee?: Relation<User> | null;

  @Column({ type: 'text', nullable: true })
  recordModule!: string | null;

  @Column({ type: 'text', nullable: true })
  recordId!: string | null;
}

@Entity('bells')
export class Notification {
  @PrimaryGeneratedColumn({ type: 'bigint' })
  id!: string;

  @Column({ type: 'text' })
  workspaceId!: string;

  @Column({ type: 'integer' })
  userId!: number;

  @Column({ type: 'text' })
  text!: string;
}

@Entity('stages')
export class Stage {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: 'text' })
  workspaceId!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'integer' })
  position!: number;

  @Column({ type: 'integer' })
  minimum!: number;
}

export const entities = [User, Account, Lead, Deal, Article, Task, Notification, Stage];
