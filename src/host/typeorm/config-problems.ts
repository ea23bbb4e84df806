import type { ObjectLiteral } from 'typeorm';
import { AutomationError, type Problem } from '../../core/errors.js';
import { didYouMean } from '../../core/nearest.js';
import type { CrmOptions, ModuleOption } from './config.js';

/** Members of a module's option; whoever adds one there is told by the compiler. */
const MODULE_MEMBERS: Record<keyof ModuleOption<ObjectLiteral>, true> = {
  entity: true,
  workspace: true,
  where: true,
  label: true,
  singular: true,
  stage: true,
  owner: true,
  fields: true,
  relations: true,
  stages: true,
  events: true,
  validate: true,
  update: true,
  deleted: true,
  title: true,
  search: true,
  tags: true,
  open: true,
};

const EXTRAS: Record<keyof CrmOptions, true> = { workspace: true, users: true, tasks: true, notifications: true, notes: true };

/** What is wrong with a configuration, found part by part and told at once, each with its path in what typeOrmCrm() is given. */
export class ConfigProblems {
  private readonly problems: Problem[] = [];

  /** The same once: parts are looked at by more than one. */
  add(path: string, message: string): void {
    if (this.problems.some((one) => one.path === path && one.message === message)) return;
    this.problems.push({ path, message });
  }

  /** Returns what `build` makes of a part; undefined, with a problem, where its configuration does not fit. */
  attempt<Part>(path: string, build: () => Part): Part | undefined {
    try {
      return build();
    } catch (error) {
      if (!(error instanceof AutomationError) || error.code !== 'crm_config_invalid') throw error;
      this.add(path, error.hint === undefined ? error.message : `${error.message} ${error.hint}`);
      return undefined;
    }
  }

  /** Throws `crm_config_invalid` with all of them, where there are any. */
  report(): void {
    if (this.problems.length === 0) return;
    const list = this.problems.map(({ path, message }) => `\n- ${path}: ${message}`).join('');
    throw new AutomationError('crm_config_invalid', `What typeOrmCrm() was given does not fit the entities:${list}`, {
      problems: this.problems,
    });
  }
}

/** A part of the second argument, as people find it in what they wrote: a module may have the same name. */
export function inExtras(name: string): string {
  return `${name} (second argument)`;
}

/** Notes what cannot be a configuration at all, whatever the entities; false when the rest cannot be looked at. */
export function checkShape(modules: unknown, extras: unknown, problems: ConfigProblems): boolean {
  if (!isObject(modules) || !isObject(extras)) {
    const path = `the ${isObject(modules) ? 'second' : 'first'} argument`;
    problems.add(path, `must be an object, such as ${isObject(modules) ? '{ users: { entity: User } }' : '{ leads: { entity: Lead } }'}.`);
    return false;
  }
  const parts: [string, unknown, Readonly<Record<string, true>> | null][] = [
    ...Object.entries(modules).map(([name, option]): [string, unknown, typeof MODULE_MEMBERS] => [name, option, MODULE_MEMBERS]),
    ...['users', 'tasks', 'notifications', 'notes'].flatMap((name): [string, unknown, null][] =>
      extras[name] === undefined ? [] : [[name, extras[name], null]],
    ),
  ];
  const unknown = Object.keys(extras).filter((name) => !Object.hasOwn(EXTRAS, name));
  for (const name of unknown) problems.add(inExtras(name), notKnown(name, EXTRAS));
  return parts.map(([name, option, known]) => checkPart(name, option, known, problems)).every(Boolean);
}

/** `known`: the members of a module; null for a part of the second argument. */
function checkPart(name: string, option: unknown, known: Readonly<Record<string, true>> | null, problems: ConfigProblems): boolean {
  const at = (path: string): string => (known ? path : inExtras(path));
  if (!isObject(option)) {
    problems.add(at(name), 'must be an object with the entity: { entity: … }.');
    return false;
  }
  if (known) {
    for (const member of Object.keys(option)) if (!Object.hasOwn(known, member)) problems.add(`${name}.${member}`, notKnown(member, known));
  }
  if (isEntity(option.entity) || typeof option.find === 'function') return true;
  const what = 'entity' in option && option.entity === undefined ? 'is undefined' : 'is missing, or no entity';
  problems.add(
    at(`${name}.entity`),
    `${what}. Where the class is imported, check for files that import each other: one of them sees the other's classes too late. Or give the entity by its name.`,
  );
  return false;
}

function notKnown(name: string, known: Readonly<Record<string, true>>): string {
  const names = Object.keys(known);
  return `is not known.${didYouMean(name, names)} Known are: ${names.join(', ')}.`;
}

/** A class, a name, an EntitySchema, or the `{ type, name }` of one. */
function isEntity(value: unknown): boolean {
  return (
    typeof value === 'function' ||
    (typeof value === 'string' && value !== '') ||
    (isObject(value) && ('options' in value || 'name' in value))
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
