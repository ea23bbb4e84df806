import { Global, Injectable, Module } from '@nestjs/common';
import {
  Column,
  DataSource,
  DeleteDateColumn,
  Entity,
  ManyToOne,
  PrimaryGeneratedColumn,
  type Relation,
  UpdateDateColumn,
  VersionColumn,
} from 'typeorm';

// A CRM of many companies: uuids, a `companyId` everywhere, people who work for several of them, activities for tasks, notices
// for notifications. Its services save entities and know nothing of automation.

const DEAL_STAGES = ['Lead', 'Offer', 'Won', 'Lost'] as const;

abstract class Owned {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column('uuid') companyId!: string;
  @UpdateDateColumn({ type: 'timestamptz' }) updatedAt!: Date;
  @DeleteDateColumn({ type: 'timestamptz' }) deletedAt!: Date | null;
}

@Entity('person')
export class Person {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column('text') name!: string;
  @Column('text') email!: string;
}

@Entity('membership')
export class Membership {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column('uuid') companyId!: string;
  @Column('uuid') personId!: string;
  @Column('text') role!: string;
}

@Entity('contact')
export class Contact extends Owned {
  @Column('text') name!: string;
  @Column('text', { nullable: true }) passportNumber!: string | null;
}

@Entity('deal')
export class Deal extends Owned {
  @VersionColumn() version!: number;
  @Column('text') title!: string;
  @Column('numeric', { default: 0 }) amount!: string;
  @Column('enum', { enum: DEAL_STAGES, default: 'Lead' }) stage!: (typeof DEAL_STAGES)[number];
  @Column('uuid', { nullable: true }) ownerId!: string | null;
  @ManyToOne(() => Contact, { nullable: true }) contact?: Relation<Contact> | null;
}

@Entity('activity')
export class Activity extends Owned {
  @Column('text') subject!: string;
  @Column('uuid', { nullable: true }) assigneeId!: string | null;
  @Column('timestamptz', { nullable: true }) deadline!: Date | null;
  @Column('text', { nullable: true }) recordId!: string | null;
}

@Entity('notice')
export class Notice extends Owned {
  @Column('uuid') recipientId!: string;
  @Column('text') text!: string;
}

/** What the CRM's tokens say. */
export interface Session {
  userId: string;
  companyId: string;
  role: 'admin' | 'sales';
}

@Injectable()
export class Tokens {
  verify(token: string | undefined): Session | null {
    const [, userId = '', companyId = '', role] = /^Bearer (\S+) (\S+) (admin|sales)$/.exec(token ?? '') ?? [];
    return role === undefined ? null : { userId, companyId, role: role as Session['role'] };
  }
}

@Injectable()
export class DealService {
  constructor(private readonly database: DataSource) {}

  create(companyId: string, values: Partial<Deal>): Promise<Deal> {
    const repository = this.database.getRepository(Deal);
    return repository.save(repository.create({ companyId, ...values }));
  }
}

@Global()
@Module({})
// biome-ignore lint/complexity/noStaticOnlyClass: a Nest module
export class CompanyModule {
  static on(url: string) {
    const entities = [Person, Membership, Contact, Deal, Activity, Notice];
    const database = {
      provide: DataSource,
      useFactory: () => new DataSource({ type: 'postgres', url, entities, synchronize: true }).initialize(),
    };
    return { module: CompanyModule, providers: [database, Tokens, DealService], exports: [DataSource, Tokens, DealService] };
  }
}
