import type { ModuleDescription } from '../../core/catalog.js';
import type { CrmHost } from '../crm-host.js';

/** Descriptions do not change while the process runs; a unit of work is made for every batch. */
const knownModules = new WeakMap<CrmHost, ReadonlyMap<string, ModuleDescription>>();

/** Returns the host's modules by name. */
export function modulesOf(host: CrmHost): ReadonlyMap<string, ModuleDescription> {
  const known = knownModules.get(host) ?? new Map(host.describeModules().map((module) => [module.name, module]));
  knownModules.set(host, known);
  return known;
}
