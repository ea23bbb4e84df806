import { type AutomationOptions, resolveSettings } from './automation.options.js';
import { bringTriggersUpToDate } from './engine/capture/capture-triggers.js';
import { modulesOf, triggersOf } from './engine/capture/captured-modules.js';
import type { EngineSettings } from './engine/engine-settings.js';
import { isAttachable } from './host/typeorm-crm-host.js';

/** The options of the module, as `forRoot` takes them. */
type ModuleOptions = AutomationOptions & { path?: string; isGlobal?: boolean };

/**
 * Returns the SQL that installs the triggers of `capture: { …: 'database' }`, for deployments that migrate apart. What it says
 * follows from the entities, so a script of yours calls it, with the options of the module and an initialized DataSource:
 *
 * ```ts
 * await dataSource.initialize();
 * console.log(captureSql(automationOptions)); // a dry run; or: await installCapture(automationOptions)
 * ```
 */
export function captureSql(options: ModuleOptions): string {
  const { crm, settings } = attached(options);
  return triggersOf(crm, settings)
    .flatMap(({ statements }) => statements.map((statement) => `${statement};\n`))
    .join('\n');
}

/** Installs what {@link captureSql} returns, and removes the triggers of modules that `capture` has by another door. */
export async function installCapture(options: ModuleOptions): Promise<void> {
  const { crm, dataSource, settings } = attached(options);
  const wanted = triggersOf(crm, settings);
  await bringTriggersUpToDate(dataSource.manager, { wanted, others: modulesOf('subscriber', crm, settings), mode: 'auto' });
}

function attached({ path: _path, isGlobal: _isGlobal, ...options }: ModuleOptions): AutomationOptions & { settings: EngineSettings } {
  if (isAttachable(options.crm)) options.crm.attach(options.dataSource);
  return { ...options, settings: resolveSettings(options) };
}
