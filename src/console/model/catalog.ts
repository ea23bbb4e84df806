import type { Effect, ModuleDescription, OutputShape } from '../../core/catalog.js';
import type { Json, JsonObject } from '../../core/json.js';
import type { ValueKind, ValueShape } from '../../core/operators/operator.js';

/** A module as `GET catalog` tells it. */
export type CatalogModule = ModuleDescription & { stages?: string[] | null };

/** An operator of conditions. */
export interface CatalogOperator {
  name: string;
  label: string;
  types: 'any' | string[];
  value: ValueShape;
  kind: ValueKind;
  units?: string[];
  periods?: string[];
}

/** What may fire a transition of a machine, or begin an instance. */
export interface CatalogTrigger {
  type: string;
  label: string;
  description: string;
  schema: JsonObject;
}

/** A kind of trigger of workflows, or of flow control. */
export interface CatalogKind extends CatalogTrigger {
  executable: boolean;
}

/** An action. */
export interface CatalogAction {
  type: string;
  label: string;
  description?: string;
  effect: Effect;
  argumentsSchema: JsonObject;
  output: OutputShape | null;
}

/** What `GET catalog` answers, as far as the editor reads it. */
export interface Catalog {
  modules: CatalogModule[];
  triggers: CatalogKind[];
  operators: CatalogOperator[];
  actions: CatalogAction[];
  stepTypes: CatalogKind[];
  settings: JsonObject;
  /** What state machines are made of. */
  machines: { triggers: Record<'module' | 'integration' | 'start', CatalogTrigger[]>; settings: JsonObject };
  templates: {
    roots: { name: string; description: string }[];
    helpers: { name: string; description: string; values: [number, number]; options: string[]; example: string }[];
  };
  mailTemplates: string[];
  timezone: string;
}

/** True for an object of JSON: no list, not null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns the texts of a list; of one text a list of it; of anything else nothing. */
export function textsOf(value: Json | undefined): string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

/** Returns the module of this name. */
export function moduleOf(catalog: Pick<Catalog, 'modules'> | null, name: unknown): CatalogModule | null {
  return catalog?.modules.find((module) => module.name === name) ?? null;
}
