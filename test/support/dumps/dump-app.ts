import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { IsOptional, IsString } from 'class-validator';
import type { DataSource } from 'typeorm';
import {
  Automation,
  AutomationModule,
  type AutomationOptions,
  type Caller,
  defineAction,
  type JsonObject,
  RunService,
  WorkflowService,
} from '../../../src/index.js';
import { Lead, sampleCrm, sampleDataSource } from '../sample-crm.js';

/** A call that the action `call` makes. */
export interface Call {
  to: string;
  apiKey: string | null;
  /** The idempotency key. */
  key: string;
}

/** The sample CRM with automation, known by its public API alone: releases make dumps with it, and later ones load them. */
export interface DumpApp {
  source: DataSource;
  automation: Automation;
  workflows: WorkflowService;
  runs: RunService;
  /** What an HTTP client of the admin API talks to; the header `workspace` says who it is. */
  httpServer: unknown;
  close(): Promise<void>;
}

export interface DumpAppOptions {
  /** What the far side of the action `call` answers. */
  answer(call: Call): Promise<JsonObject>;
  /** Sees every statement of both pools, when given. */
  logger?: { logQuery(statement: string): void };
  concurrency?: number;
}

/** A caller with every permission. */
export const adminOf = (workspaceId: string): Caller => ({
  userId: `admin-of-${workspaceId}`,
  name: 'Admin',
  workspaceId,
  permissions: ['view', 'operate', 'manage', 'tasks'],
});

class CallArguments {
  @IsString() to!: string;
  @IsOptional() @IsString() apiKey?: string;
}

/** Starts it on a database, whose CRM tables are brought up to date; its loops stand still: `tick()` and `drain()` move it. */
export async function startDumpApp(url: string, options: DumpAppOptions): Promise<DumpApp> {
  const call = defineAction({
    type: 'call',
    label: 'Call',
    effect: 'external',
    arguments: CallArguments,
    secret: ['apiKey'],
    execute: (args, step) => options.answer({ to: args.to, apiKey: args.apiKey ?? null, key: step.idempotencyKey }),
  });
  const source = sampleDataSource(url, { synchronize: true });
  if (options.logger) source.setOptions({ logging: ['query'], logger: silentBut(options.logger) });
  await source.initialize();
  const { concurrency } = options;

  @Module({
    imports: [
      AutomationModule.forRootAsync({
        useFactory: (): AutomationOptions => ({
          dataSource: source,
          crm: sampleCrm(),
          actions: [call],
          access: { authenticate: ({ headers }) => adminOf(String(headers.workspace)) },
          worker: { enabled: false, ...(concurrency === undefined ? {} : { concurrency }) },
        }),
      }),
    ],
  })
  class HostModule {}

  const app = await NestFactory.create(HostModule, { logger: false, abortOnError: false });
  await app.init();
  return {
    source,
    automation: app.get(Automation),
    workflows: app.get(WorkflowService),
    runs: app.get(RunService),
    httpServer: app.getHttpServer(),
    async close() {
      await app.close();
      await source.destroy();
    },
  };
}

/** Creates a lead and publishes `leads.created`, in one transaction. Its id is its name as well. */
export function createLead(app: DumpApp, values: Partial<Lead> & { id: string }, key?: string): Promise<void> {
  const lead = { workspaceId: 'acme', name: values.id, email: 'ok@far.test', source: 'Web Form', touches: 0, ...values } as Lead;
  return app.source.transaction(async (manager) => {
    await manager.insert(Lead, lead);
    const { workspaceId } = lead;
    const actor = { type: 'user' as const, id: 'u-1', name: 'User 1' };
    const event = { workspaceId, module: 'leads', event: 'created', record: { ...lead }, actor };
    await app.automation.publish(key === undefined ? event : { ...event, key }, manager);
  });
}

/** Makes everything that waits due now, as if the time had passed. */
export async function passTime(app: DumpApp): Promise<void> {
  await app.source.query('UPDATE automation.step_executions SET wake_at = now() WHERE wake_at > now()');
  await app.source.query(`UPDATE automation.runs SET due_at = now() WHERE status = 'waiting'`);
}

function silentBut(logger: { logQuery(statement: string): void }) {
  const silent = (): undefined => undefined;
  return { ...logger, logQueryError: silent, logQuerySlow: silent, logSchemaBuild: silent, logMigration: silent, log: silent };
}
