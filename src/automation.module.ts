import {
  ConfigurableModuleBuilder,
  type DynamicModule,
  Inject,
  Logger,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
} from '@nestjs/common';
import { RouterModule } from '@nestjs/core';
import { Mailer } from './actions/email/mailer.js';
import { OutboundHttp } from './actions/outbound/outbound-http.js';
import { adminProviders } from './admin/index.js';
import { IntegrationService } from './admin/integration-service.js';
import { MachineService } from './admin/machine-service.js';
import { RunService } from './admin/run-service.js';
import { WorkflowService } from './admin/workflow-service.js';
import { AUTOMATION_OPTIONS, type AutomationOptions } from './automation.options.js';
import { hostProviders } from './automation.providers.js';
import { Automation } from './engine/automation.js';
import { AutomationCatalog } from './engine/automation-catalog.js';
import { AutomationEngine } from './engine/automation-engine.js';
import { AutomationHealth } from './engine/automation-health.js';
import { CaptureDoors } from './engine/capture/capture-doors.js';
import { EmitterBridge } from './engine/capture/emitter-bridge.js';
import { engineProviders } from './engine/engine.providers.js';
import { ENGINE_SETTINGS, type EngineSettings } from './engine/engine-settings.js';
import {
  adminControllers,
  CONSOLE_OPTIONS,
  type ConsoleOptions,
  consoleController,
  HTTP_PATH,
  httpProviders,
  publicControllers,
  publicProviders,
} from './http/index.js';
import { countActiveWorkflows } from './store/active-workflows.js';
import { AutomationDatabase } from './store/database.js';

/** Where the admin API is mounted unless the `path` of forRoot says otherwise. */
const DEFAULT_PATH = 'automation';

/** What is decided when the module is declared, because routes are made before the options are resolved. */
interface ModuleExtras {
  /** Where the API and the console are mounted. Default `automation`. */
  path?: string;
  /** Whether every module may inject what this one exports. Default true. */
  isGlobal?: boolean;
  /** The console, the page for people under `<path>/console`; false serves none. Default: it is served. */
  console?: false | ConsoleOptions;
}

const { ConfigurableModuleClass, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } = new ConfigurableModuleBuilder<AutomationOptions>({
  optionsInjectionToken: AUTOMATION_OPTIONS,
})
  .setClassMethodName('forRoot')
  .setExtras<ModuleExtras>({ path: DEFAULT_PATH, isGlobal: true, console: {} }, (definition, { isGlobal }) => ({
    ...definition,
    global: isGlobal,
  }))
  .build();

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
  controllers: [...adminControllers, ...publicControllers],
  providers: [...hostProviders, ...engineProviders, ...adminProviders, ...httpProviders, ...publicProviders],
  exports: [Automation, AutomationCatalog, AutomationHealth, WorkflowService, MachineService, IntegrationService, RunService],
})
export class AutomationModule extends ConfigurableModuleClass implements OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown {
  constructor(
    @Inject(AutomationEngine) private readonly engine: AutomationEngine,
    @Inject(EmitterBridge) private readonly bridge: EmitterBridge,
    @Inject(CaptureDoors) private readonly doors: CaptureDoors,
    @Inject(AutomationDatabase) private readonly database: AutomationDatabase,
    @Inject(Mailer) private readonly mailer: Mailer,
    @Inject(OutboundHttp) private readonly outbound: OutboundHttp,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
  ) {
    super();
  }

  /** Options that are known when the module is declared. */
  static override forRoot(options: typeof OPTIONS_TYPE): DynamicModule {
    return mounted(ConfigurableModuleClass.forRoot.call(AutomationModule, options), options);
  }

  /** Options that need something injected, such as the DataSource: the usual case. */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return mounted(ConfigurableModuleClass.forRootAsync.call(AutomationModule, options), options);
  }

  async onApplicationBootstrap(): Promise<void> {
    let active: number | null = null;
    try {
      await this.doors.start();
      this.bridge.start();
      // Not beside the loops: it would take a connection of its own. What cannot be told is no reason not to start.
      active = await this.database.statement(countActiveWorkflows).catch(() => null);
      await this.engine.start();
    } catch (error) {
      // Nest destroys nothing when starting fails.
      // The first error is the one to hear of.
      await this.onModuleDestroy().catch(() => undefined);
      await this.onApplicationShutdown().catch(() => undefined);
      throw error;
    }
    // What has started runs, whatever the host's logger does. Not by that logger.
    try {
      this.tellStarted(active);
    } catch (error) {
      process.emitWarning(`Automation has started, but could not say so: ${String(error)}`);
    }
  }

  /** The one line that a host wants to see of a start. */
  private tellStarted(active: number | null): void {
    const { workerEnabled, capture } = this.settings;
    const captured = [...capture].map(([module, door]) => `${module} (${door})`);
    const doors = ['publish', ...(this.bridge.isOpen ? ['emitter'] : []), ...captured].join(', ');
    new Logger('Automation').log(
      `Started. Active workflows: ${active ?? 'unknown'}; worker: ${workerEnabled ? 'on' : 'off'}; events by: ${doors}.`,
    );
  }

  /** The first hook of a shutdown, while the host's connections are still open. */
  async onModuleDestroy(): Promise<void> {
    this.doors.stop();
    // Side by side: each has the whole grace.
    await Promise.all([this.bridge.stop(), this.engine.stop()]);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.mailer.close();
    await this.outbound.close();
    await this.database.close();
  }
}

/** Nest's way to give a library's controllers a prefix that the host chooses. */
function mounted(definition: DynamicModule, { path = DEFAULT_PATH, console = {} }: ModuleExtras): DynamicModule {
  return {
    ...definition,
    controllers: [...(definition.controllers ?? []), ...(console === false ? [] : [consoleController(console)])],
    imports: [...(definition.imports ?? []), RouterModule.register([{ path, module: AutomationModule }])],
    providers: [
      ...(definition.providers ?? []),
      { provide: HTTP_PATH, useValue: path },
      { provide: CONSOLE_OPTIONS, useValue: console || {} },
    ],
  };
}
