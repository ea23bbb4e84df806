import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Automation, AutomationModule, type AutomationOptions, typeOrmCrm, WorkflowService } from 'nestjs-crm-automation';
import { AutomationTesting } from 'nestjs-crm-automation/testing';
import { Column, DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm';

@Entity('tested_leads')
class Lead {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column('text')
  workspaceId!: string;

  @Column('text')
  email!: string;
}

@Module({
  imports: [
    TypeOrmModule.forRoot({ type: 'postgres', url: process.env.DATABASE_URL, entities: [Lead], synchronize: true }),
    AutomationModule.forRootAsync({
      inject: [DataSource],
      useFactory: (dataSource: DataSource): AutomationOptions => ({
        dataSource,
        crm: typeOrmCrm({ leads: { entity: Lead } }),
        mail: { transport: 'smtp://mail.acme.invalid', from: 'crm@acme.test' },
      }),
    }),
  ],
})
class AppModule {}

// The database is that of every run.
const workspaceId = `acme-${process.pid}`;
const ADMIN = { userId: 'u-1', workspaceId, permissions: ['view' as const, 'operate' as const, 'manage' as const] };

describe('automation in the Jest of a CommonJS host', () => {
  const testing = new AutomationTesting();
  let module: TestingModule;
  beforeAll(async () => {
    module = await testing.prepare(Test.createTestingModule({ imports: [AppModule] })).compile();
    await module.init();
  }, 60_000);
  afterAll(() => module?.close());

  it('runs a workflow and shows the mail that it would have sent, by a template of the package', async () => {
    const workflows = module.get(WorkflowService);
    const { id } = await workflows.create(
      {
        name: 'Welcome',
        definition: {
          trigger: { type: 'event', module: 'leads', event: 'created' },
          steps: [
            {
              id: 'mail',
              type: 'send_email',
              with: { to: '{{record.email}}', template: 'notice', data: { title: 'Hello', message: 'New.' } },
            },
          ],
        },
      },
      ADMIN,
    );
    await workflows.publish(id, ADMIN);
    await module.get(DataSource).transaction(async (manager) => {
      const record = await manager.save(manager.create(Lead, { workspaceId, email: 'ada@lead.test' }));
      await module.get(Automation).publish({ workspaceId, module: 'leads', event: 'created', record }, manager);
    });
    await testing.drain();
    expect(testing.mails).toMatchObject([{ to: [{ address: 'ada@lead.test' }], subject: expect.stringContaining('Hello') }]);
  });
});
