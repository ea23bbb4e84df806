import { Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Automation, AutomationModule, type AutomationOptions, typeOrmCrm } from '../../../src/index.js';
import { Administrator, EventBus, Order, Sessions } from './shop.js';

const inChannel = (channelId: string) => ({ channels: { id: Number(channelId) } });
const mayWorkIn = (channelId: string) => ({ user: { roles: inChannel(channelId) } });

const crm = () =>
  typeOrmCrm(
    {
      orders: {
        entity: Order,
        workspace: null,
        where: inChannel,
        title: 'code',
        stage: 'state',
        owner: 'handler',
        stages: ['AddingItems', 'ArrangingPayment', 'PaymentSettled', 'Shipped', 'Delivered', 'Cancelled'],
        fields: { total: { type: 'number', get: ({ subTotal, shipping }) => subTotal + shipping } },
      },
    },
    { users: { entity: Administrator, workspace: null, where: mayWorkIn, name: ['firstName', 'lastName'], email: 'emailAddress' } },
  );

@Injectable()
class OrderEvents implements OnModuleInit {
  constructor(
    private readonly bus: EventBus,
    private readonly automation: Automation,
  ) {}

  onModuleInit(): void {
    this.bus.registerBlockingHandler(({ ctx, manager, order, fromState }) => {
      const [workspaceId, before] = [String(ctx.channelId), { ...order, state: fromState }];
      const actor = { type: 'user' as const, id: String(ctx.user.id), name: ctx.user.identifier };
      return this.automation.publishChange({ workspaceId, module: 'orders', before, after: order, actor }, manager);
    });
  }
}

@Module({
  imports: [
    AutomationModule.forRootAsync({
      inject: [DataSource, Sessions],
      useFactory: (dataSource: DataSource, sessions: Sessions): AutomationOptions => ({
        dataSource,
        crm: crm(),
        access: {
          authenticate({ headers }) {
            const session = sessions.find(headers.authorization as string | undefined);
            if (!session) return null;
            const { channelId, user } = session;
            return { userId: String(user.id), workspaceId: String(channelId), permissions: ['view', 'operate', 'manage', 'tasks'] };
          },
        },
      }),
    }),
  ],
  providers: [OrderEvents],
})
export class ShopAutomation {}
