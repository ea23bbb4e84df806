import {
  ConfigurableModuleBuilder,
  type DynamicModule,
  Inject,
  Logger,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type Provider,
} from '@nestjs/common';
import { ModuleRef, RouterModule } from '@nestjs/core';
import { EventEmitter2 } from '@nestjs/event-emitter';
import { CreateAutomation1763600000000 } from '../migrations/1763600000000-create-automation.js';
import { Mailer } from './actions/email/mailer.js';
import { builtInActions } from './actions/index.js';
import { OutboundHttp } from './actions/outbound/outbound-http.js';
import { ActionRegistry } from './actions/registry.js';
import { RunService } from './admin/run-service.js';
import { WorkflowService } from './admin/workflow-service.js';
import { AUTOMATION_OPTIONS, type AutomationOptions, resolvePoolSize, resolveSettings } from './automation.options.js';
import { Automation } from './engine/automation.js';
import { AutomationCatalog } from './engine/automation-catalog.js';
import { AutomationEngine } from './engine/automation-engine.js';
import { EmitterBridge } from './engine/capture/emitter-bridge.js';
import { EventIntake } from './engine/capture/event-intake.js';
import { ENGINE_SETTINGS, type EngineSettings } from './engine/engine-settings.js';
import { ENGINE_SIGNAL } from './engine/engine-signal.js';
import { ActiveWorkflows } from './engine/routing/active-workflows.js';
import { EventRouter } from './engine/routing/event-router.js';
import { CrmReader } from './engine/running/crm-reader.js';
import { RunRecorder } from './engine/running/run-recorder.js';
import { RunWorker } from './engine/running/run-worker.js';
import { StepLog } from './engine/running/step-log.js';
import { StepRunner } from './engine/running/step-runner.js';
import { Scheduler } from './engine/timing/retention.js';
import { WakeUp } from './engine/wake-up.js';
import { isAttachable } from './host/typeorm-crm-host.js';
import { ACCESS_POLICY, adminControllers, HTTP_PATH, httpProviders } from './http/index.js';
import { AutomationDatabase } from './store/database.js';

/** Where the admin API is mounted unless the `path` of forRoot says otherwise. */
const DEFAULT_PATH = 'automation';

const { ConfigurableModuleClass, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } = new ConfigurableModuleBuilder<AutomationOptions>({
  optionsInjectionToken: AUTOMATION_OPTIONS,
})
  .setClassMethodName('forRoot')
  .setExtras({ path: DEFAULT_PATH, isGlobal: true }, (definition, { isGlobal }) => ({ ...definition, global: isGlobal }))
  .build();

const { random } = Math;

/** How the parts are put together; each is a plain class that says in its constructor what it needs. */
const parts: Provider[] = [
  { provide: ENGINE_SETTINGS, inject: [AUTOMATION_OPTIONS], useFactory: resolveSettings },
  {
    provide: AutomationDatabase,
    // After the settings: options that are wrong are reported before anything is connected.
    inject: [AUTOMATION_OPTIONS, ENGINE_SETTINGS],
    useFactory: async (options: AutomationOptions): Promise<AutomationDatabase> => {
      const settings = {
        poolSize: resolvePoolSize(options),
        migrations: [CreateAutomation1763600000000],
        migrate: options.database?.migrate ?? ('auto' as const),
      };
      const database = new AutomationDatabase(options.dataSource, settings);
      await database.connect();
      if (isAttachable(options.crm)) options.crm.attach(database.dataSource);
      return database;
    },
  },
  {
    provide: ActionRegistry,
    inject: [AUTOMATION_OPTIONS, ModuleRef],
    useFactory: (options: AutomationOptions, modules: ModuleRef) =>
      new ActionRegistry([...builtInActions, ...(options.actions ?? [])], (token) => modules.get(token, { strict: false })),
  },
  {
    provide: AutomationCatalog,
    inject: [AUTOMATION_OPTIONS, ActionRegistry, AutomationDatabase],
    useFactory: (options: AutomationOptions, actions: ActionRegistry) => new AutomationCatalog(options.crm, actions),
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
  {
    provide: WakeUp,
    inject: [AUTOMATION_OPTIONS, AutomationDatabase],
    useFactory: (options: AutomationOptions, database: AutomationDatabase) => new WakeUp(options.dataSource, database),
  },
  { provide: ENGINE_SIGNAL, inject: [WakeUp], useFactory: (wakeUp: WakeUp) => ({ workAvailable: () => wakeUp.announce('runs') }) },
  {
    provide: EventIntake,
    inject: [AutomationDatabase, AutomationCatalog, WakeUp, ENGINE_SETTINGS],
    useFactory: (database: AutomationDatabase, catalog: AutomationCatalog, wakeUp: WakeUp, settings: EngineSettings) =>
      new EventIntake(database, catalog, wakeUp, settings),
  },
  {
    provide: EmitterBridge,
    inject: [ModuleRef, AutomationCatalog, EventIntake, ENGINE_SETTINGS],
    useFactory: (modules: ModuleRef, catalog: AutomationCatalog, intake: EventIntake, settings: EngineSettings) =>
      new EmitterBridge(hostsEmitter(modules), catalog, intake, settings.emitter),
  },
  { provide: StepLog, useFactory: () => new StepLog(random) },
  {
    provide: RunRecorder,
    inject: [ActiveWorkflows, ENGINE_SETTINGS],
    useFactory: (active: ActiveWorkflows, settings: EngineSettings) => new RunRecorder(active, settings, random),
  },
  {
    provide: StepRunner,
    inject: [ActionRegistry, AutomationCatalog, AUTOMATION_OPTIONS, AutomationDatabase, ModuleRef, ENGINE_SETTINGS, StepLog],
    useFactory: (
      actions: ActionRegistry,
      catalog: AutomationCatalog,
      options: AutomationOptions,
      database: AutomationDatabase,
      modules: ModuleRef,
      settings: EngineSettings,
      log: StepLog,
    ) =>
      new StepRunner(
        actions,
        catalog,
        options.crm,
        new CrmReader(database, options.crm),
        (token) => modules.get(token, { strict: false }),
        settings,
        log,
      ),
  },
  {
    provide: ActiveWorkflows,
    inject: [AutomationCatalog, ActionRegistry],
    useFactory: (catalog: AutomationCatalog, actions: ActionRegistry) =>
      new ActiveWorkflows(catalog, (type) => {
        const action = actions.get(type);
        if (action?.effect !== 'local' || action.transaction !== 'shared') return 'elsewhere';
        return builtInActions.includes(action) ? 'ours' : 'hosts';
      }),
  },
  {
    provide: EventRouter,
    inject: [AutomationDatabase, ActiveWorkflows, AUTOMATION_OPTIONS, StepRunner, ENGINE_SETTINGS, RunRecorder, RunWorker],
    useFactory: (
      database: AutomationDatabase,
      active: ActiveWorkflows,
      options: AutomationOptions,
      runner: StepRunner,
      settings: EngineSettings,
      recorder: RunRecorder,
      worker: RunWorker,
    ) => new EventRouter(database, active, options.crm, runner, settings, recorder, (workspaceId) => worker.roomFor(workspaceId)),
  },
  {
    provide: RunWorker,
    inject: [AutomationDatabase, ActiveWorkflows, AUTOMATION_OPTIONS, StepRunner, StepLog, RunRecorder, ENGINE_SETTINGS, EmitterBridge],
    useFactory: (
      database: AutomationDatabase,
      active: ActiveWorkflows,
      options: AutomationOptions,
      runner: StepRunner,
      log: StepLog,
      recorder: RunRecorder,
      settings: EngineSettings,
      bridge: EmitterBridge,
    ) => new RunWorker(database, active, options.crm, runner, log, recorder, settings, random, (finished) => bridge.tellFinished(finished)),
  },
  {
    provide: Scheduler,
    inject: [AutomationDatabase, ENGINE_SETTINGS],
    useFactory: (database: AutomationDatabase, settings: EngineSettings) => new Scheduler(database, settings),
  },
  {
    provide: AutomationEngine,
    inject: [EventRouter, RunWorker, Scheduler, WakeUp, ENGINE_SETTINGS],
    useFactory: (router: EventRouter, worker: RunWorker, scheduler: Scheduler, wakeUp: WakeUp, settings: EngineSettings) =>
      new AutomationEngine(router, worker, scheduler, wakeUp, settings),
  },
  {
    provide: Automation,
    inject: [EventIntake, AutomationEngine],
    useFactory: (intake: EventIntake, engine: AutomationEngine) => new Automation(intake, engine),
  },
  { provide: ACCESS_POLICY, inject: [AUTOMATION_OPTIONS], useFactory: (options: AutomationOptions) => options.access ?? null },
];

/**
 * Automation for a CRM: capture events, run workflows, keep the log, serve the admin API.
 *
 * ```ts
 * AutomationModule.forRootAsync({
 *   inject: [DataSource],
 *   useFactory: (dataSource: DataSource): AutomationOptions => ({
 *     dataSource,
 *     crm: typeOrmCrm({ leads: { entity: Lead, stage: 'stage', owner: 'ownerId' } }),
 *     access: new AcmeAccess(),
 *   }),
 * })
 * ```
 *
 * It uses Nest's lifecycle hooks only: the engine starts with the application and stops with it
 * (`app.enableShutdownHooks()` for signals).
 */
@Module({
  controllers: adminControllers,
  providers: [...parts, WorkflowService, RunService, ...httpProviders],
  exports: [Automation, AutomationCatalog, WorkflowService, RunService],
})
export class AutomationModule extends ConfigurableModuleClass implements OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown {
  constructor(
    @Inject(AutomationEngine) private readonly engine: AutomationEngine,
    @Inject(EmitterBridge) private readonly bridge: EmitterBridge,
    @Inject(AutomationDatabase) private readonly database: AutomationDatabase,
    @Inject(Mailer) private readonly mailer: Mailer,
    @Inject(OutboundHttp) private readonly outbound: OutboundHttp,
  ) {
    super();
  }

  /** Options that are known when the module is declared. */
  static override forRoot(options: typeof OPTIONS_TYPE): DynamicModule {
    return mounted(ConfigurableModuleClass.forRoot.call(AutomationModule, options), options.path);
  }

  /** Options that need something injected, such as the DataSource: the usual case. */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return mounted(ConfigurableModuleClass.forRootAsync.call(AutomationModule, options), options.path);
  }

  async onApplicationBootstrap(): Promise<void> {
    this.bridge.start();
    await this.engine.start();
  }

  /** The first hook of a shutdown, while the host's connections are still open. */
  async onModuleDestroy(): Promise<void> {
    await this.bridge.stop();
    await this.engine.stop();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.mailer.close();
    await this.outbound.close();
    await this.database.close();
  }
}

/** Nest's way to give a library's controllers a prefix that the host chooses. */
function mounted(definition: DynamicModule, path = DEFAULT_PATH): DynamicModule {
  return {
    ...definition,
    imports: [...(definition.imports ?? []), RouterModule.register([{ path, module: AutomationModule }])],
    providers: [...(definition.providers ?? []), { provide: HTTP_PATH, useValue: path }],
  };
}

/** The host's emitter, where it has imported EventEmitterModule. A second one of ours would hear nothing. */
function hostsEmitter(modules: ModuleRef): EventEmitter2 | null {
  try {
    return modules.get(EventEmitter2, { strict: false });
  } catch {
    return null;
  }
}
