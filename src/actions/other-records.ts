import { IsNotEmpty, IsString } from 'class-validator';
import type { ModuleDescription } from '../core/catalog.js';
import type { Problem } from '../core/errors.js';
import type { RecordRef } from '../core/event.js';
import type { Json, JsonObject } from '../core/json.js';
import { didYouMean } from '../core/nearest.js';
import { CRM_HOST, type CrmHost } from '../host/crm-host.js';
import { modulesOf } from '../host/session/known-modules.js';
import type { CheckContext, LocalStep } from './action.js';
import { Describe } from './arguments-schema.js';
import { isKnown, needsModule, requireRecord } from './rules.js';

/** A record that an argument names. */
export class RecordArgument {
  @Describe('The module that it is of.', { control: 'module' })
  @IsString()
  @IsNotEmpty()
  module!: string;

  @IsString()
  @IsNotEmpty()
  id!: string;
}

/** The module that an argument names: null where it is not known yet. With a problem where the CRM has none of that name. */
export function moduleNamed(
  name: Json | undefined,
  path: string,
  about: CheckContext,
): { module: ModuleDescription | null; problems: Problem[] } {
  // Outside of an application nobody knows the CRM.
  if (!isKnown(name) || typeof name !== 'string' || !about.inject) return { module: null, problems: [] };
  const modules = modulesOf(about.inject<CrmHost>(CRM_HOST));
  const module = modules.get(name);
  if (module) return { module, problems: [] };
  return { module: null, problems: [{ path, message: `the CRM has no module '${name}'.${didYouMean(name, modules.keys())}` }] };
}

/** The module of the record that `record` names, or of the run's. */
export function moduleOfTarget(args: JsonObject, about: CheckContext): { module: ModuleDescription | null; problems: Problem[] } {
  const record = args.record as { module?: Json } | null | undefined;
  if (record === undefined || record === null) return { module: about.module, problems: needsModule(about.module) };
  return moduleNamed(record.module, 'record.module', about);
}

/** The record that the step is to change: the one that is named, or the run's. Throws `record_required`, `module_unknown`. */
export function targetOf(step: LocalStep, record: RecordArgument | undefined): { record: RecordRef; module: ModuleDescription } {
  if (!record) return requireRecord(step);
  return { record: { module: record.module, id: record.id }, module: step.crm.describe(record.module) };
}
