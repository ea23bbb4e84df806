import type { Catalog, ModuleDescription } from '../catalog.js';
import type { Problem } from '../errors.js';
import type { Json, JsonObject } from '../json.js';
import { fieldAt } from '../module-shape.js';
import { didYouMean, mustBeOneOf } from '../nearest.js';
import { isTimezone } from '../time/zones.js';

/** Looks at the members of one trigger, and collects what is wrong with them. */
export class TriggerReader {
  readonly problems: Problem[] = [];

  constructor(readonly json: JsonObject) {}

  problem(path: string, message: string): void {
    this.problems.push({ path, message });
  }

  /** A text that must be there and not be blank; undefined, with a problem, when it is not. */
  text(name: string): string | undefined {
    if (this.json[name] === undefined) this.problem(name, `"${name}" is missing.`);
    return this.optionalText(name);
  }

  optionalText(name: string): string | undefined {
    const value = this.json[name];
    if (value === undefined) return undefined;
    if (typeof value === 'string' && value.trim() !== '') return value;
    this.problem(name, `"${name}" must be a text.`);
    return undefined;
  }

  /** One of the values, or nothing. */
  optionalChoice(name: string, values: readonly string[]): void {
    const value = this.json[name];
    if (value !== undefined && !(typeof value === 'string' && values.includes(value))) {
      this.problem(name, `"${name}" ${mustBeOneOf(value, values)}`);
    }
  }

  /** The name of a zone, which {@link text} or {@link optionalText} has read. */
  timezone(name: string | undefined): void {
    if (name === undefined || isTimezone(name)) return;
    this.problem(
      'timezone',
      `"${name}" is not a time zone.${didYouMean(name, Intl.supportedValuesOf('timeZone'))} Use a name such as Europe/Berlin or UTC.`,
    );
  }

  /** The module of a trigger that must name one; undefined where it cannot be looked up. */
  module(catalog: Catalog | null): ModuleDescription | undefined {
    const name = this.text('module');
    if (name === undefined || catalog === null) return undefined;
    const module = catalog.modules.get(name);
    if (module === undefined) {
      const names = [...catalog.modules.keys()];
      this.problem('module', `There is no module "${name}".${didYouMean(name, names)} Modules are: ${names.join(', ')}.`);
    }
    return module;
  }

  /** Whether the module has the field. */
  field(field: string, path: string, module: ModuleDescription): boolean {
    if (fieldAt(module, field)) return true;
    const names = module.fields.map(({ name }) => name);
    this.problem(path, `Module "${module.name}" has no field "${field}".${didYouMean(field, names)}`);
    return false;
  }
}

/** True for a list of texts that holds something. */
export function isTextList(value: Json): value is string[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string' && item !== '');
}
