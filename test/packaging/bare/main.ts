/**
 * A host with what `nest new` and TypeORM bring, and the README's line: neither @nestjs/swagger nor
 * @nestjs/event-emitter. Everything works but the pages, which say what to install.
 */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  Automation,
  AutomationModule,
  type AutomationOptions,
  setupAutomationDocs,
  typeOrmCrm,
  WorkflowService,
} from 'nestjs-crm-automation';
import { Column, DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm';

for (const absent of ['@nestjs/swagger', '@nestjs/event-emitter']) assert.throws(() => require.resolve(absent), absent);

@Entity('leads')
class Lead {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column('text')
  workspaceId!: string;

  @Column('text', { nullable: true })
  note!: string | null;
}

@Module({
  imports: [
    TypeOrmModule.forRoot({ type: 'postgres', url: process.env.DATABASE_URL, entities: [Lead], synchronize: true }),
    AutomationModule.forRootAsync({
      inject: [DataSource],
      useFactory: (dataSource: DataSource): AutomationOptions => ({
        dataSource,
        crm: typeOrmCrm({ leads: { entity: Lead } }),
        worker: { enabled: false },
        access: { authenticate: () => ADMIN },
      }),
    }),
  ],
})
class HostModule {}

const ADMIN = { userId: 'u-1', workspaceId: 'acme', permissions: ['view' as const, 'operate' as const, 'manage' as const] };

async function main(): Promise<void> {
  // Whoever imports and whoever requires have the same classes: there is one instance in a process.
  assert.equal((await import('nestjs-crm-automation')).Automation, Automation);
  const app = await NestFactory.create(HostModule, { logger: ['warn', 'error'] });
  setupAutomationDocs(app);
  await app.listen(0, '127.0.0.1');
  try {
    const { port } = app.getHttpServer().address() as AddressInfo;
    const get = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${port}/automation/${path}`);
    assert.equal((await get('workflows')).status, 200);
    assert.equal((await get('workflows?limit=many')).status, 400);
    const docs = await get('docs');
    assert.equal(docs.status, 501);
    assert.match(await docs.text(), /npm install @nestjs\/swagger@11/);

    const workflows = app.get(WorkflowService);
    const { id } = await workflows.create(
      {
        name: 'Greet',
        definition: {
          trigger: { type: 'event', module: 'leads', event: 'created' },
          steps: [{ id: 'note', type: 'change_field', with: { field: 'note', value: 'seen' } }],
        },
      },
      ADMIN,
    );
    await workflows.publish(id, ADMIN);
    const automation = app.get(Automation);
    const database = app.get(DataSource);
    const lead = await database.transaction(async (manager) => {
      const saved = await manager.save(manager.create(Lead, { workspaceId: 'acme', note: null }));
      await automation.publish({ workspaceId: 'acme', module: 'leads', event: 'created', record: saved }, manager);
      return saved;
    });
    await automation.drain();
    assert.equal((await database.getRepository(Lead).findOneByOrFail({ id: lead.id })).note, 'seen');
  } finally {
    await app.close();
  }
  console.log('HOST OK');
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
