import { Module, type ModuleMetadata } from '@nestjs/common';
import { EventEmitter2, EventEmitterModule } from '@nestjs/event-emitter';
import { Test, type TestingModule } from '@nestjs/testing';
import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { RunDetail } from '../../src/admin/run-detail.js';
import { RunService } from '../../src/admin/run-service.js';
import { WorkflowService } from '../../src/admin/workflow-service.js';
import { AutomationModule } from '../../src/automation.module.js';
import type { AutomationOptions } from '../../src/automation.options.js';
import { Automation } from '../../src/engine/automation.js';
import type { AutomationEvent } from '../../src/engine/capture/automation-event.js';
import { EmitterBridge } from '../../src/engine/capture/emitter-bridge.js';
import { RunDriver } from '../../src/engine/running/run-driver.js';
import { WakeUp } from '../../src/engine/wake-up.js';
import type { Caller } from '../../src/host/access.js';
import { AutomationDatabase } from '../../src/store/database.js';
import type { TestDatabase } from './database.js';
import { eventually } from './eventually.js';
import { noteRunning } from './running.js';
import { Lead, sampleCrm, sampleDataSource } from './sample-crm.js';
import { createSampleDatabase } from './template-databases.js';

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
  /** The runs of a workflow or record, oldest first, with their steps. */
  runsOf(filter: { workflowId?: string; recordId?: string }): Promise<RunDetail[]>;
  /** Makes everything that waits due now, as if the time had passed. */
  passTime(): Promise<void>;
  /** Rows of a query on the host's DataSource. */
  query<Row = Record<string, unknown>>(sql: string, parameters?: unknown[]): Promise<Row[]>;
  /** The host's emitter, where the app was started with one. */
  emitter: EventEmitter2;
  /** Resolves when what the emitter said so far is captured. */
  captured(): Promise<void>;
  /** Asks again until the assertion holds; for what happens in the background of a test. */
  eventually: typeof eventually;
  close(): Promise<void>;
  /** Says that there is nothing left to close. */
  forget(): void;
  /** Closes connections without waiting for anything: as near to a dead process as one process can show. */
  abandon(): Promise<void>;
}

/** Starts the app on a database of its own, or on a given one (a second process, as it were). */
export async function startAutomationApp(
  options: Partial<AutomationOptions> = {},
  on: { database?: TestDatabase; emitter?: boolean; imports?: ModuleMetadata['imports'] } = {},
): Promise<AutomationApp> {
  const database = on.database ?? (await createSampleDatabase());
  const source = await sampleDataSource(database.url).initialize();
  const automationModule = AutomationModule.forRootAsync({
    useFactory: (): AutomationOptions => ({ dataSource: source, crm: sampleCrm(), worker: { enabled: false }, ...options }),
  });

  @Module({ imports: [automationModule, ...(on.emitter ? [EventEmitterModule.forRoot()] : []), ...(on.imports ?? [])] })
  class HostModule {}

  const module = await Test.createTestingModule({ imports: [HostModule] }).compile();
  module.useLogger(false);
  await module.init();
  const automation = module.get(Automation);
  const workflows = module.get(WorkflowService);
  const runs = module.get(RunService);
  const close = async (): Promise<void> => {
    ended();
    await module.close();
    await source.destroy();
    if (on.database === undefined) await database.drop();
  };
  const ended = noteRunning(close);
  return {
    module,
    source,
    database,
    automation,
    workflows,
    runs,
    async publishWorkflow(definition, name = 'A workflow') {
      const { id, problems } = await workflows.create({ name, definition: definition as never }, ADMIN);
      if (problems.length > 0) throw new Error(`the definition of a test has problems: ${JSON.stringify(problems)}`);
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
    async runsOf(filter) {
      const { items } = await runs.list(filter, { limit: 100 }, ADMIN);
      return Promise.all(items.reverse().map(({ id }) => runs.get(id, ADMIN)));
    },
    async passTime() {
      await source.query('UPDATE automation.step_executions SET wake_at = now() WHERE wake_at > now()');
      await source.query("UPDATE automation.runs SET due_at = now() WHERE status = 'waiting'");
      await source.query('UPDATE automation.events SET waits_until = now() WHERE waits_until > now()');
    },
    query: (sql, parameters) => source.query(sql, parameters),
    get emitter() {
      return module.get(EventEmitter2);
    },
    captured: () => module.get(EmitterBridge).settled(),
    eventually,
    forget: ended,
    async abandon() {
      ended();
      // A dead process does not try to listen again, with a warning each time that a later test file would hear.
      await Promise.all([module.get(WakeUp).stop(), module.get(AutomationDatabase).close()]);
      await source.destroy();
      await module.get(RunDriver).settled();
    },
    close,
  };
}
