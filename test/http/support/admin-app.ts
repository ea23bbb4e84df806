import { type INestApplication, Module, RequestMethod, type Type } from '@nestjs/common';
import { RouterModule } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import { Mailer } from '../../../src/actions/email/mailer.js';
import { ActionRegistry } from '../../../src/actions/registry.js';
import { adminProviders } from '../../../src/admin/index.js';
import type { ActionDescription, ModuleDescription } from '../../../src/core/catalog.js';
import { AutomationCatalog } from '../../../src/engine/automation-catalog.js';
import { Calendars } from '../../../src/engine/calendars.js';
import { Starts } from '../../../src/engine/capture/starts.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../../../src/engine/engine-settings.js';
import { ENGINE_SIGNAL } from '../../../src/engine/engine-signal.js';
import { MachinePolls } from '../../../src/engine/machines/machine-polls.js';
import { MachineVersions } from '../../../src/engine/machines/machine-versions.js';
import { StateTimeouts } from '../../../src/engine/machines/state-timeouts.js';
import { ApprovalVisits } from '../../../src/engine/people/approval-visits.js';
import { Rehearsal } from '../../../src/engine/previewing/rehearsal.js';
import { Router } from '../../../src/engine/routing/router.js';
import { StartDecider } from '../../../src/engine/routing/start-decider.js';
import { RunEndings } from '../../../src/engine/running/run-endings.js';
import { KEY_RING } from '../../../src/engine/secrets/key-ring.js';
import { Timing } from '../../../src/engine/timing/timing.js';
import { Inbox } from '../../../src/engine/waits/inbox.js';
import { ResumeLinks } from '../../../src/engine/waits/resume-links.js';
import { ActiveWorkflows } from '../../../src/engine/workflows/active-workflows.js';
import { WorkspaceEntitlements } from '../../../src/engine/workspace-entitlements.js';
import type { AccessPolicy, AccessRequest, Caller, Permission } from '../../../src/host/access.js';
import { CRM_HOST } from '../../../src/host/crm-host.js';
import { ACCESS_POLICY, adminControllers, httpProviders, setupAutomationDocs } from '../../../src/http/index.js';
import { SWAGGER } from '../../../src/http/openapi.js';
import { AdminDatabase, type AdminLimits } from '../../../src/store/admin-database.js';
import { AutomationDatabase } from '../../../src/store/database.js';
import { MIGRATIONS } from '../../../src/store/migrations.js';
import type { TestDatabase } from '../../support/database.js';
import { createMigratedDatabase } from '../../support/template-databases.js';
import type { HttpCall } from './http-call.js';
import { keepConnections, type Method } from './kept-connections.js';

const LEADS: ModuleDescription = {
  name: 'leads',
  singular: 'lead',
  label: 'Leads',
  fields: [
    { name: 'id', label: 'Id', type: 'text', nullable: false, writable: false },
    { name: 'name', label: 'Name', type: 'text', nullable: false, writable: true },
    { name: 'source', label: 'Source', type: 'text', nullable: true, writable: true },
    { name: 'amount', label: 'Amount', type: 'money', nullable: true, writable: true },
  ],
  relations: [],
  events: [
    { name: 'created', label: 'Created', rule: { on: 'created' } },
    { name: 'updated', label: 'Updated', rule: { on: 'updated' } },
  ],
};

const CREATE_TASK: ActionDescription = {
  type: 'create_task',
  label: 'Create task',
  effect: 'local',
  argumentsSchema: { type: 'object', properties: { title: { type: 'string' } }, required: ['title'] },
  check: (args) => (typeof args.title === 'string' ? [] : [{ path: 'title', message: '"title" is missing.' }]),
};

/** A definition without problems. */
export const DEFINITION = {
  trigger: { type: 'event', module: 'leads', event: 'created' },
  conditions: { field: 'source', operator: 'equals', value: 'Web' },
  steps: [{ id: 'call', type: 'create_task', with: { title: 'Call' } }],
};

/** A state machine without problems. */
export const MACHINE = {
  for: { module: 'leads' },
  states: [
    { code: 'NEW', initial: true, timeout: { after: 'PT48H', transition: 'give_up' } },
    { code: 'CALLED' },
    { code: 'DONE', final: true },
    { code: 'LOST', final: true },
  ],
  transitions: [
    {
      code: 'call',
      from: 'NEW',
      to: 'CALLED',
      trigger: { type: 'event', event: 'created' },
      steps: [{ id: 'call', type: 'create_task', with: { title: 'Call' } }],
    },
    { code: 'close', from: 'any', to: 'DONE', trigger: { type: 'manual' } },
    { code: 'give_up', from: 'NEW', to: 'LOST', trigger: { type: 'timeout' } },
  ],
};

const DAY_MS = 86_400_000;
const SETTINGS: Pick<EngineSettings, 'calendar' | 'timezone' | 'entitlements' | 'limits' | 'retention' | 'recordUrl'> = {
  calendar: null,
  timezone: 'UTC',
  entitlements: null,
  recordUrl: null,
  limits: {
    chainDepth: 5,
    stepsPerRun: 500,
    loopItems: 1_000,
    loopSteps: 10_000,
    runMs: 365 * DAY_MS,
    payloadBytes: 256 * 1024,
    recoveries: 10,
    crmCallMs: 15_000,
  },
  retention: { runsMs: 180 * DAY_MS, skippedRunsMs: 30 * DAY_MS, eventsMs: 30 * DAY_MS, batchSize: 1_000, intervalMs: 600_000 },
};

const ALL: Permission[] = ['view', 'operate', 'manage', 'tasks'];
/** Callers by bearer token. */
export const CALLERS: Record<string, Caller> = {
  admin: { userId: 'u-admin', name: 'Ada', workspaceId: 'acme', permissions: ALL },
  support: { userId: 'u-support', name: 'Sam', workspaceId: 'acme', permissions: ['view', 'operate'] },
  viewer: { userId: 'u-viewer', workspaceId: 'acme', permissions: ['view'] },
  nobody: { userId: 'u-nobody', workspaceId: 'acme', permissions: [] },
  rival: { userId: 'u-rival', workspaceId: 'rival', permissions: ALL },
};

/** Bearer tokens name callers. */
const tokenPolicy: AccessPolicy = {
  authenticate: ({ headers }: AccessRequest) => CALLERS[String(headers.authorization ?? '').replace('Bearer ', '')] ?? null,
};

/** One route of the API as registered. */
export interface Route {
  method: Method;
  /** With `:id`. */
  path: string;
}

/** Every route that the controllers register. */
export function registeredRoutes(): Route[] {
  return adminControllers.flatMap((controller) => {
    const base = Reflect.getMetadata('path', controller) as string;
    const prototype = controller.prototype as Record<string, unknown>;
    return Object.getOwnPropertyNames(prototype).flatMap((name) => {
      const handler = prototype[name];
      const method = typeof handler === 'function' ? (Reflect.getMetadata('method', handler) as RequestMethod | undefined) : undefined;
      if (method === undefined) return [];
      const path = (Reflect.getMetadata('path', handler as object) as string).replace(/^\/+/, '');
      return [
        { method: RequestMethod[method].toLowerCase() as Route['method'], path: `/automation/${base}${path === '' ? '' : `/${path}`}` },
      ];
    });
  });
}

export interface AdminApp {
  app: INestApplication;
  database: AutomationDatabase;
  /** How often the engine was told of work. */
  signals: () => number;
  /** Sends a request as the caller of that token. */
  call: (method: Route['method'], path: string, token?: string) => HttpCall;
  close: () => Promise<void>;
}

/** Builds the API on a database of its own, as a host would mount it. */
export async function startAdminApp(
  options: {
    limits?: Partial<AdminLimits>;
    policy?: AccessPolicy | null;
    prepare?: (app: NestExpressApplication) => void;
    docs?: boolean;
    /** Default: as installed. Null: as if it were not. */
    swagger?: null;
  } = {},
): Promise<AdminApp> {
  const testDatabase: TestDatabase = await createMigratedDatabase();
  const host = new DataSource({ type: 'postgres', url: testDatabase.url, entities: [] });
  const database = new AutomationDatabase(host, { poolSize: 8, migrations: MIGRATIONS, migrate: 'auto' });
  await database.connect();
  const catalog = new AutomationCatalog(
    { describeModules: () => [LEADS] },
    { describe: () => [CREATE_TASK] },
    SETTINGS.limits,
    'the option "secret"',
  );
  let signals = 0;

  @Module({
    imports: [],
    controllers: adminControllers,
    providers: [
      ...httpProviders,
      ...(options.swagger === null ? [{ provide: SWAGGER, useValue: null }] : []),
      ...adminProviders,
      { provide: StateTimeouts, useValue: { enabled: async () => undefined } },
      { provide: MachinePolls, useValue: { published: async () => undefined } },
      { provide: Timing, useValue: { published: async () => undefined, withdrawn: async () => undefined } },
      { provide: ActiveWorkflows, useValue: new ActiveWorkflows(catalog, { get: () => undefined } as never, null as never) },
      { provide: Starts, useValue: null },
      { provide: Inbox, useValue: null },
      { provide: ApprovalVisits, useValue: null },
      { provide: CRM_HOST, useValue: { describeModules: () => [LEADS], findUsers: async () => [] } },
      { provide: ENGINE_SETTINGS, useValue: SETTINGS },
      { provide: KEY_RING, useValue: null },
      Calendars,
      WorkspaceEntitlements,
      ...[ActionRegistry, Rehearsal, StartDecider, Router, MachineVersions].map((provide) => ({ provide, useValue: null })),
      { provide: Mailer, useValue: new Mailer(undefined) },
      {
        provide: AdminDatabase,
        useValue: new AdminDatabase(database, { connections: 2, waiting: 50, queryTimeoutMs: 5_000, ...options.limits }),
      },
      { provide: AutomationCatalog, useValue: catalog },
      { provide: ENGINE_SIGNAL, useValue: { workAvailable: () => (signals += 1), runEnded: () => undefined } },
      {
        provide: RunEndings,
        useValue: new RunEndings(
          { tellFinished: () => undefined } as never,
          { expect: () => undefined } as never,
          { settle: async () => undefined } as never,
          [],
        ),
      },
      { provide: ResumeLinks, useValue: null },
      { provide: ACCESS_POLICY, useValue: options.policy === undefined ? tokenPolicy : options.policy },
    ],
  })
  class AdminModule {}

  const module = await Test.createTestingModule({
    imports: [AdminModule as Type<unknown>, RouterModule.register([{ path: 'automation', module: AdminModule }])],
  }).compile();
  const app = module.createNestApplication<NestExpressApplication>({ logger: false });
  options.prepare?.(app);
  if (options.docs) setupAutomationDocs(app);
  const connections = await keepConnections(app);
  return {
    app,
    database,
    signals: () => signals,
    call: connections.call,
    close: async () => {
      connections.close();
      await app.close();
      await database.close();
      await testDatabase.drop();
    },
  };
}
