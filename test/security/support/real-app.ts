import { Logger, type LoggerService, Module } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { AutomationModule } from '../../../src/automation.module.js';
import type { AutomationOptions } from '../../../src/automation.options.js';
import { Automation } from '../../../src/engine/automation.js';
import type { AccessPolicy, Permission } from '../../../src/host/access.js';
import { setupAutomationDocs } from '../../../src/http/index.js';
import { AutomationDatabase } from '../../../src/store/database.js';
import { type AdminApp, CALLERS, type Route } from '../../http/support/admin-app.js';
import { keepConnections } from '../../http/support/kept-connections.js';
import { rows } from '../../http/support/seed.js';
import { noteRunning } from '../../support/running.js';
import { Lead, sampleCrm, sampleDataSource } from '../../support/sample-crm.js';
import { createSampleDatabase } from '../../support/template-databases.js';

/** The whole module in a host of its own, as a CRM mounts it: the attacks are made on what is shipped, not on parts of it. */
export interface RealApp extends Pick<AdminApp, 'call' | 'database' | 'close'> {
  app: NestExpressApplication;
  automation: Automation;
  /** The routes below `/automation` that Express knows by now, the pages of the documentation left out. */
  routes(): Route[];
  /** All that a request could have changed in the workspace `acme`. */
  state(): Promise<string>;
  /** What was logged so far. */
  logged(): string;
}

/** Bearer tokens name callers; `only:view` is somebody of `acme` with that one permission. */
export const tokenPolicy: AccessPolicy = {
  authenticate: ({ headers }) => {
    const token = String(headers.authorization ?? '').replace('Bearer ', '');
    if (token.startsWith('only:')) return { userId: 'u', workspaceId: 'acme', permissions: [token.slice(5) as Permission] };
    return Object.hasOwn(CALLERS, token) ? (CALLERS[token] ?? null) : null;
  },
};

/** Starts the application on a database of its own; its loops stand still. */
export async function startRealApp(
  options: Partial<AutomationOptions> = {},
  prepare: (app: NestExpressApplication) => void = () => undefined,
): Promise<RealApp> {
  const testDatabase = await createSampleDatabase();
  const source = await sampleDataSource(testDatabase.url).initialize();
  await source.getRepository(Lead).insert({ id: '42', workspaceId: 'acme', name: 'Ann Example', email: 'ann@lead.test', source: 'Web' });
  const automationModule = AutomationModule.forRootAsync({
    useFactory: (): AutomationOptions => ({
      dataSource: source,
      crm: sampleCrm(),
      access: tokenPolicy,
      worker: { enabled: false },
      secret: 'the secret of an application under attack',
      ...options,
    }),
  });

  @Module({ imports: [automationModule] })
  class HostModule {}

  const log: unknown[][] = [];
  const note = (...entry: unknown[]): void => void log.push(entry);
  const logger: LoggerService = { log: note, error: note, warn: note, debug: note, verbose: note, fatal: note };
  const testing = await Test.createTestingModule({ imports: [HostModule] }).compile();
  const app = testing.createNestApplication<NestExpressApplication>({ logger });
  app.useBodyParser('json', { limit: '1mb' });
  prepare(app);
  setupAutomationDocs(app);
  const connections = await keepConnections(app);
  const database = app.get(AutomationDatabase);
  const close = async (): Promise<void> => {
    ended();
    connections.close();
    await app.close();
    await source.destroy();
    await testDatabase.drop();
    Logger.overrideLogger(false);
  };
  const ended = noteRunning(close);
  return {
    app,
    automation: app.get(Automation),
    database,
    call: connections.call,
    routes: () => expressRoutes(app).filter(({ path }) => path.startsWith('/automation/') && !path.startsWith('/automation/docs')),
    state: () => contents(database),
    logged: () => log.map((entry) => entry.map(String).join(' ')).join('\n'),
    close,
  };
}

interface ExpressLayer {
  route?: { path: string; methods: Record<string, boolean> };
}

function expressRoutes(app: NestExpressApplication): Route[] {
  const { router } = app.getHttpAdapter().getInstance() as { router: { stack: ExpressLayer[] } };
  return router.stack.flatMap(({ route }) =>
    route ? Object.keys(route.methods).map((method) => ({ method: method as Route['method'], path: route.path })) : [],
  );
}

const TABLES = [
  'workflows',
  'workflow_versions',
  'deleted_workflows',
  'workflow_stats',
  'catalogue_generations',
  'events',
  'runs',
  'step_executions',
  'audit_log',
  'secrets',
];

/** By one statement: it is asked before and after most requests. */
const CONTENTS = `SELECT ${TABLES.map(
  (table) => `(SELECT string_agg(t::text, E'\\n' ORDER BY t::text) FROM automation.${table} t WHERE workspace_id = 'acme') AS ${table}`,
).join(', ')}`;

async function contents(database: AutomationDatabase): Promise<string> {
  return JSON.stringify(await rows(database, CONTENTS));
}
