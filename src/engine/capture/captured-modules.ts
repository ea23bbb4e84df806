import { AutomationError } from '../../core/errors.js';
import type { CaptureTrigger, CrmHost } from '../../host/crm-host.js';
import type { CaptureDoor, EngineSettings } from '../engine-settings.js';

/** What of the settings says how changes are captured. */
export type CaptureSettings = Pick<EngineSettings, 'capture' | 'emitter' | 'limits'>;

/** Returns the modules that are captured by a door. Throws `options_invalid` for one that cannot be. */
export function modulesOf(door: CaptureDoor, crm: CrmHost, settings: CaptureSettings): string[] {
  const known = crm.describeModules().map(({ name }) => name);
  const modules = [...settings.capture].filter(([, chosen]) => chosen === door).map(([module]) => module);
  for (const module of modules) {
    if (!known.includes(module)) throw invalid(`capture.${module}`, `is no module of the CRM; there are ${known.join(', ')}`);
    sharedWorkspace(module, crm, settings);
  }
  return modules;
}

/** The workspace that hears of records which belong to every workspace; null where each belongs to one. */
export function sharedWorkspace(module: string, crm: CrmHost, { emitter }: CaptureSettings): string | null {
  if (!crm.identify?.(module, {}).isShared) return null;
  if (emitter.defaultWorkspaceId !== null) return emitter.defaultWorkspaceId;
  throw invalid(`capture.${module}`, 'has records of every workspace; `emitter.defaultWorkspaceId` must say which one hears of them');
}

/** The triggers of the modules that are captured in the database. */
export function triggersOf(crm: CrmHost, settings: CaptureSettings): CaptureTrigger[] {
  return modulesOf('database', crm, settings).map((module) => {
    if (!crm.captureTrigger) throw invalid(`capture.${module}`, "needs a CrmHost with 'captureTrigger', such as typeOrmCrm()");
    return crm.captureTrigger(module, {
      workspaceId: sharedWorkspace(module, crm, settings),
      payloadBytes: settings.limits.payloadBytes,
    });
  });
}

/** The error of an option. */
export function invalid(path: string, message: string): AutomationError {
  return new AutomationError('options_invalid', `The options of AutomationModule are not valid: ${path} ${message}.`, {
    problems: [{ path, message }],
  });
}
