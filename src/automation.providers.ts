import { Logger, type Provider } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { Mailer } from './actions/email/mailer.js';
import { builtInActions } from './actions/index.js';
import { OAuthTokens } from './actions/outbound/oauth-tokens.js';
import { OutboundHttp } from './actions/outbound/outbound-http.js';
import { urlProblems } from './actions/outbound/url-problems.js';
import { ActionRegistry } from './actions/registry.js';
import {
  AUTOMATION_OPTIONS,
  type AutomationOptions,
  resolveAdminLimits,
  resolveLinks,
  resolvePoolSize,
  resolveSettings,
} from './automation.options.js';
import type { Problem } from './core/errors.js';
import { AutomationCatalog } from './engine/automation-catalog.js';
import { HOST_EMITTER, type HostEmitter } from './engine/capture/emitter-bridge.js';
import { ENGINE_SETTINGS, type EngineSettings } from './engine/engine-settings.js';
import { KEY_RING, keyRingOf } from './engine/secrets/key-ring.js';
import { StalledWorkspaces } from './engine/stalled-workspaces.js';
import { guardedHook } from './engine/transaction-hook.js';
import { LINK_SETTINGS, type LinkSettings, lackForLinks } from './engine/waits/wait-tokens.js';
import { HOST_DATA_SOURCE } from './engine/wake-up.js';
import { CRM_HOST } from './host/crm-host.js';
import { limitCrmHost } from './host/limited-host.js';
import { ifInstalled } from './host/optional-package.js';
import { isAttachable } from './host/typeorm-crm-host.js';
import { ACCESS_POLICY, HTTP_PATH, PUBLIC_URL } from './http/index.js';
import { AdminDatabase } from './store/admin-database.js';
import { AutomationDatabase } from './store/database.js';
import { MIGRATIONS } from './store/migrations.js';

/** What the options give, under the tokens by which the parts ask for it. */
const host: Provider[] = [
  { provide: ENGINE_SETTINGS, inject: [AUTOMATION_OPTIONS], useFactory: resolveSettings },
  {
    provide: CRM_HOST,
    inject: [AUTOMATION_OPTIONS, ENGINE_SETTINGS, StalledWorkspaces],
    useFactory: ({ crm }: AutomationOptions, { limits }: EngineSettings, stalled: StalledWorkspaces) =>
      limitCrmHost(crm, limits.crmCallMs, (workspaceId) => stalled.running.add(workspaceId)),
  },
  { provide: HOST_DATA_SOURCE, inject: [AUTOMATION_OPTIONS], useFactory: (options: AutomationOptions) => options.dataSource },
  { provide: ACCESS_POLICY, inject: [AUTOMATION_OPTIONS], useFactory: (options: AutomationOptions) => options.access ?? null },
  { provide: PUBLIC_URL, inject: [AUTOMATION_OPTIONS], useFactory: (options: AutomationOptions) => options.publicUrl ?? null },
  { provide: KEY_RING, inject: [AUTOMATION_OPTIONS], useFactory: keyRingOf },
  { provide: LINK_SETTINGS, inject: [AUTOMATION_OPTIONS, HTTP_PATH], useFactory: resolveLinks },
  { provide: HOST_EMITTER, inject: [ModuleRef], useFactory: hostsEmitter },
];

const database: Provider = {
  provide: AutomationDatabase,
  // After all that options alone decide: what is wrong with them is reported before anything is connected.
  inject: [AUTOMATION_OPTIONS, ENGINE_SETTINGS, Mailer, OutboundHttp],
  useFactory: async (options: AutomationOptions, { limits }: EngineSettings): Promise<AutomationDatabase> => {
    const { onTransaction } = options.database ?? {};
    const settings = {
      poolSize: resolvePoolSize(options),
      migrations: MIGRATIONS,
      migrate: options.database?.migrate ?? ('auto' as const),
      ...(onTransaction && { onTransaction: guardedHook(onTransaction, limits.crmCallMs) }),
      logging: options.database?.logging ?? false,
    };
    const database = new AutomationDatabase(options.dataSource, settings);
    await closedOnFailure(database, async () => {
      await database.connect();
      if (!isAttachable(options.crm)) return;
      options.crm.attach(database.dataSource);
      for (const warning of options.crm.warnings?.() ?? []) new Logger('Automation').warn(warning);
    });
    return database;
  },
};

/** Nest does not destroy what it made before something failed: the pool would keep its connections, and the process alive. */
async function closedOnFailure<T>(database: AutomationDatabase, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** The share of the pool that requests of people have. */
const adminDatabase: Provider = {
  provide: AdminDatabase,
  inject: [AUTOMATION_OPTIONS, AutomationDatabase],
  useFactory: (options: AutomationOptions, database: AutomationDatabase) => new AdminDatabase(database, resolveAdminLimits(options)),
};

const actions: Provider[] = [
  {
    provide: ActionRegistry,
    inject: [AUTOMATION_OPTIONS, ModuleRef],
    useFactory: (options: AutomationOptions, modules: ModuleRef) =>
      new ActionRegistry([...builtInActions, ...(options.actions ?? [])], (token) => modules.get(token, { strict: false })),
  },
  {
    provide: AutomationCatalog,
    // After the database: a host that is attached to it knows its entities.
    inject: [AUTOMATION_OPTIONS, ActionRegistry, LINK_SETTINGS, ENGINE_SETTINGS, AutomationDatabase, OutboundHttp],
    useFactory: (
      options: AutomationOptions,
      registry: ActionRegistry,
      links: LinkSettings,
      { limits }: EngineSettings,
      database: AutomationDatabase,
      { guard }: OutboundHttp,
    ) => {
      const refusedAddress = (url: string): Omit<Problem, 'path'> | null => urlProblems(url, 'url', guard)[0] ?? null;
      return closedOnFailure(
        database,
        async () => new AutomationCatalog(options.crm, registry, limits, lackForLinks(links), refusedAddress),
      );
    },
  },
  {
    provide: Mailer,
    inject: [AUTOMATION_OPTIONS],
    useFactory: async (options: AutomationOptions): Promise<Mailer> => {
      const mailer = new Mailer(options.mail);
      // So that a workflow that names an unknown template is refused when it is saved. A broken file is no reason to keep
      // the CRM from starting.
      await mailer.templates.names().catch((error: unknown) => new Logger('AutomationMail').warn(String(error)));
      return mailer;
    },
  },
  { provide: OutboundHttp, inject: [AUTOMATION_OPTIONS], useFactory: (options: AutomationOptions) => new OutboundHttp(options.outbound) },
  { provide: OAuthTokens, inject: [OutboundHttp], useFactory: (http: OutboundHttp) => new OAuthTokens(http) },
];

/** What stands between the host's options and the engine: the only place where parts are made by hand. */
export const hostProviders: Provider[] = [...host, database, adminDatabase, ...actions];

/** The host's emitter, where it has imported EventEmitterModule. A second one of ours would hear nothing. */
async function hostsEmitter(modules: ModuleRef): Promise<HostEmitter | null> {
  const emitter = await ifInstalled('@nestjs/event-emitter', () => import('@nestjs/event-emitter'));
  if (!emitter) return null;
  try {
    return modules.get(emitter.EventEmitter2, { strict: false });
  } catch {
    return null;
  }
}
