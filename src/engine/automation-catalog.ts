import type { ActionDescription, Catalog, ModuleDescription } from '../core/catalog.js';
import type { Executable } from '../core/definition/parser.js';
import { AutomationError } from '../core/errors.js';
import type { CrmHost } from '../host/crm-host.js';
import type { EngineSettings } from './engine-settings.js';

/**
 * Everything a definition may refer to in this installation: the host's modules and the registered actions. The host is
 * asked once. Throws `module_duplicate` when it describes two modules of one name.
 */
export class AutomationCatalog implements Catalog {
  readonly modules: ReadonlyMap<string, ModuleDescription>;
  readonly taskModule?: string;
  readonly noteModule?: string;
  /** What this version of the library can run; anything else can be saved in a draft, not published. */
  readonly executable: Executable;
  private described: ReadonlyMap<string, ActionDescription> | undefined;

  constructor(
    host: Pick<CrmHost, 'describeModules' | 'taskModule' | 'noteModule'>,
    private readonly registry: { describe(): readonly ActionDescription[] },
    limits: Pick<EngineSettings['limits'], 'loopItems' | 'runMs'>,
    /** What the application lacks to make links; null: nothing. */
    lackForLinks: string | null = null,
    refusedAddress: Executable['refusedAddress'] = undefined,
  ) {
    this.executable = {
      kinds: new Set(['action', 'approval', 'branch', 'delay', 'for_each', 'form', 'parallel', 'run_workflow', 'stop', 'wait_for_webhook']),
      triggers: new Set(['event', 'webhook', 'manual', 'schedule', 'date', 'machine_entered']),
      lacking: new Map(lackForLinks === null ? [] : [['wait_for_webhook', lackForLinks]]),
      longestRunMs: limits.runMs,
      loopItems: limits.loopItems,
      ...(refusedAddress && { refusedAddress }),
    };
    const modules = new Map<string, ModuleDescription>();
    for (const module of host.describeModules()) {
      if (modules.has(module.name)) {
        throw new AutomationError('module_duplicate', `The host describes two modules named '${module.name}'.`, {
          hint: 'Give each module a name of its own.',
        });
      }
      modules.set(module.name, module);
    }
    this.modules = modules;
    if (host.taskModule !== undefined) this.taskModule = host.taskModule;
    if (host.noteModule !== undefined) this.noteModule = host.noteModule;
  }

  /** Described when first asked for: the schemas of their arguments are no matter of a start. */
  get actions(): ReadonlyMap<string, ActionDescription> {
    this.described ??= new Map(this.registry.describe().map((action) => [action.type, action]));
    return this.described;
  }
}
