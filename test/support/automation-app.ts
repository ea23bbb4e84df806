import { Module } from '@nestjs/common';
import { EventEmitterModule } from '@nestjs/event-emitter';
import { Test, type TestingModule } from '@nestjs/testing';
import { v7 as uuidv7 } from 'uuid';
import type { DataSource } from 'typeorm';
import { AutomationModule } from '../../src/automation.module.js';
import type { AutomationOptions } from '../../src/automation.options.js';
import { Automation } from '../../src/engine/automation.js';
import type { AutomationEvent } from '../../src/engine/event-intake.js';
import { RunService } from '../../src/engine/run-service.js';
import { WorkflowService } from '../../src/engine/workflow-service.js';
import type { Caller } from '../../src/host/access.js';
import { createTestDatabase, type TestDatabase } from './database.js';
import { Lead, sampleCrm, sampleDataSource, seedUsers } from './sample-crm.js';

export const ADMIN: Caller = { userId: 'admin', name: 'Admin', workspaceId: 'acme', permissions: ['view', 'operate', 'manage', 'tasks'] };

/** A host with the sample CRM, automation whose loops stand still (tests tick), and what tests ask of both. */
export interface AutomationApp {
  module: TestingModule;
  source: DataSource;
  database: TestDatabase;
  automation: Automation;
  workflows: WorkflowService;
  runs: RunService;
  /** Creates, publishes and activates a workflow; answers its id. */
  publishWorkflow(definition: object, name?: string): Promise<string>;
  /** Inserts a lead and publishes leads.created in one transaction. */
  createLead(values?: Partial<Lead>, event?: Partial<AutomationEvent>): Promise<Lead>;
  /** Rows of a query on the host's DataSource. */
  query<Row = Record<string, unknown>>(sql: string, parameters?: unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

/** Starts the app on a database of its own, or on a given one (a second process, as it were). */
export async function startAutomationApp(
  options: Partial<AutomationOptions> = {},
  on?: { database: TestDatabase; emitter?: boolean },
): Promise<AutomationApp> {
  const database = on?.database ?? (await createTestDatabase());
  const source = await sampleDataSource(database.url, { synchronize: on === undefined }).initialize();
  if (on === undefined) await seedUsers(source, 'acme');
  const automationModule = AutomationModule.forRootAsync({
    useFactory: (): AutomationOptions => ({ dataSource: source, crm: sampleCrm(), worker: { enabled: false }, ...options }),
  });

  @Module({ imports: [automationModule, ...(on?.emitter ? [EventEmitterModule.forRoot()] : [])] })
  class HostModule {}

  const module = await Test.createTestingModule({ imports: [HostModule] }).compile();
  module.useLogger(['error', 'fatal']);
  await module.init();
  const automation = module.get(Automation);
  const workflows = module.get(WorkflowService);
  return {
    module,
    source,
    database,
    automation,
    workflows,
    runs: module.get(RunService),
    async publishWorkflow(definition, name = 'A workflow') {
      const { id } = await workflows.create({ name, definition: definition as never }, ADMIN);
      await workflows.publish(id, ADMIN);
      return id;
    },
    async createLead(values = {}, event = {}) {
      const lead = { id: uuidv7(), workspaceId: 'acme', name: 'Ada', email: 'ada@lead.test', source: 'Web Form', ...values } as Lead;
      await source.transaction(async (manager) => {
        await manager.insert(Lead, lead);
        await automation.publish({ workspaceId: lead.workspaceId, module: 'leads', event: 'created', record: lead, ...event }, manager);
      });
      return lead;
    },
    query: (sql, parameters) => source.query(sql, parameters),
    async close() {
      await module.close();
      await source.destroy();
      if (on === undefined) await database.drop();
    },
  };
}
