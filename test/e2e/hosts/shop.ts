import { Global, Injectable, Module } from '@nestjs/common';
import {
  Column,
  DataSource,
  Entity,
  type EntityManager,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  OneToOne,
  PrimaryGeneratedColumn,
  type Relation,
} from 'typeorm';

// A shop made like Vendure: numeric ids, tenants that are channels by relations, custom fields in an embedded column, getters
// that throw when what they need is not loaded, services that say by an event bus what they do in a transaction.

@Entity('channel')
export class Channel {
  @PrimaryGeneratedColumn() id!: number;
  @Column('text') code!: string;
}

@Entity('role')
class Role {
  @PrimaryGeneratedColumn() id!: number;
  @ManyToMany(() => Channel)
  @JoinTable()
  channels!: Relation<Channel>[];
}

@Entity('user')
class User {
  @PrimaryGeneratedColumn() id!: number;
  @Column('text') identifier!: string;
  @ManyToMany(() => Role, { cascade: true })
  @JoinTable()
  roles!: Relation<Role>[];
}

@Entity('administrator')
export class Administrator {
  @PrimaryGeneratedColumn() id!: number;
  @Column('text') firstName!: string;
  @Column('text') lastName!: string;
  @Column('text') emailAddress!: string;
  @OneToOne(() => User, { cascade: true })
  @JoinColumn()
  user!: Relation<User>;
}

class OrderCustomFields {
  @Column('text', { nullable: true }) priority!: string | null;
}

@Entity('order')
export class Order {
  @PrimaryGeneratedColumn() id!: number;
  @Column('text') code!: string;
  @Column('text', { default: 'AddingItems' }) state!: string;
  @Column('int', { default: 0 }) subTotal!: number;
  @Column('int', { default: 0 }) shipping!: number;
  @Column(() => OrderCustomFields) customFields!: OrderCustomFields;
  @ManyToOne(() => Administrator, { nullable: true }) handler?: Relation<Administrator> | null;
  @OneToMany(
    () => OrderLine,
    ({ order }) => order,
  )
  lines?: Relation<OrderLine>[];
  @ManyToMany(() => Channel)
  @JoinTable()
  channels?: Relation<Channel>[];

  get totalQuantity(): number {
    if (!this.lines) throw new Error('The property "totalQuantity" needs the relation "lines".');
    return this.lines.length;
  }
}

@Entity('order_line')
class OrderLine {
  @PrimaryGeneratedColumn() id!: number;
  @ManyToOne(
    () => Order,
    ({ lines }) => lines,
  )
  order!: Relation<Order>;
}

/** Who asks, and in which channel. */
export interface RequestContext {
  channelId: number;
  user: { id: number; identifier: string };
}

/** What the shop tells of an order, inside the transaction. */
export interface OrderStateTransition {
  ctx: RequestContext;
  manager: EntityManager;
  order: Order;
  fromState: string;
}

@Injectable()
export class EventBus {
  private readonly handlers: ((event: OrderStateTransition) => Promise<void>)[] = [];

  registerBlockingHandler(handler: (event: OrderStateTransition) => Promise<void>): void {
    this.handlers.push(handler);
  }

  async publish(event: OrderStateTransition): Promise<void> {
    for (const handler of this.handlers) await handler(event);
  }
}

@Injectable()
export class Sessions {
  /** The session of an API token: `admin-<channel>`. */
  find(token: string | undefined): RequestContext | null {
    const channel = /^Bearer admin-(\d+)$/.exec(token ?? '')?.[1];
    return channel === undefined ? null : { channelId: Number(channel), user: { id: 1, identifier: 'superadmin' } };
  }
}

@Injectable()
export class OrderService {
  constructor(
    private readonly database: DataSource,
    private readonly events: EventBus,
  ) {}

  create(ctx: RequestContext, values: Partial<Order>): Promise<Order> {
    const repository = this.database.getRepository(Order);
    return repository.save(repository.create({ ...values, channels: [{ id: ctx.channelId }] as Channel[] }));
  }

  transitionToState(ctx: RequestContext, id: number, state: string): Promise<void> {
    return this.database.transaction(async (manager) => {
      const order = await manager.findOneByOrFail(Order, { id });
      const fromState = order.state;
      await manager.update(Order, id, { state });
      await this.events.publish({ ctx, manager, order: Object.assign(order, { state }), fromState });
    });
  }
}

@Global()
@Module({})
// biome-ignore lint/complexity/noStaticOnlyClass: a Nest module
export class ShopModule {
  static on(url: string) {
    const entities = [Channel, Role, User, Administrator, Order, OrderLine];
    const database = {
      provide: DataSource,
      useFactory: () => new DataSource({ type: 'postgres', url, entities, synchronize: true }).initialize(),
    };
    const exports = [DataSource, EventBus, Sessions, OrderService];
    return { module: ShopModule, providers: [database, EventBus, Sessions, OrderService], exports };
  }
}
