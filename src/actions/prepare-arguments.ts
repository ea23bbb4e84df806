import { plainToInstance } from 'class-transformer';
import { type ValidationError, validateSync } from 'class-validator';
import type { ActionDescription } from '../core/catalog.js';
import { RETRY_CORRECTED } from '../core/corrected-workflow.js';
import { maskedArguments } from '../core/definition/mask.js';
import { AutomationError, type Problem } from '../core/errors.js';
import type { Json, JsonObject } from '../core/json.js';
import { didYouMean } from '../core/nearest.js';
import type { Scope } from '../core/scope.js';
import { strayReferences } from '../core/secrets/secret-uses.js';
import { isForbiddenKey } from '../core/storable-json.js';
import { hasExpression } from '../core/template/template.js';
import type { ActionDefinition, ArgumentsClass, CheckContext } from './action.js';
import { argumentProblems, renderArgument } from './argument-formats.js';
import { argumentsSchema, isNested, rulesByProperty } from './arguments-schema.js';
import { isSurelyValid } from './surely-valid.js';

/** How much of a refused value an error shows, in characters. */
const LONGEST_SHOWN = 200;
/** Names that reach an object's prototype where code assigns carelessly (class-transformer fails on them). */
const REFUSED_NAMES: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * The arguments of one attempt: every `{{…}}` rendered against the scope, then validated as the action's class says.
 * Nothing is converted: a number that arrives as a text is refused.
 * Throws `arguments_invalid` with the problems; rendering errors pass through.
 */
export function prepareArguments<A extends object>(action: ActionDefinition<A>, args: JsonObject, scope: Scope): A {
  const constant = constants.get(args);
  if (constant?.action === action) return copyOf(action, constant.instance as A);
  const rendered: JsonObject = {};
  for (const [name, value] of Object.entries(args)) {
    if (value !== undefined && !isForbiddenKey(name)) {
      rendered[name] = renderArgument(action.formats[name], name, value, scope);
    }
  }
  const { instance, problems } = instantiate(action, rendered);
  for (const path of action.takesSecrets ? strayReferences(rendered, args, action.takesSecrets) : []) {
    problems.push({ path, message: `${path} names a secret that the step does not name: a template must not choose one` });
  }
  if (problems.length > 0) {
    throw new AutomationError('arguments_invalid', `The arguments of ${action.type} are not valid: ${summary(problems)}`, {
      hint: `Compare the values that the templates gave with what the step takes: the record may lack a value. If it is the step that is wrong, correct it. ${RETRY_CORRECTED}`,
      problems,
      details: { given: givenValues(action, rendered, problems) },
    });
  }
  if (!containsExpression(args) && isFlat(instance)) constants.set(args, { action, instance: copyOf(action, instance) });
  return instance;
}

/**
 * What became of arguments without any `{{…}}`, by the arguments as the definition holds them: they are the same at every
 * attempt. Rendering and validating them anew was a fifth of all that a run allocated.
 */
const constants = new WeakMap<JsonObject, { action: object; instance: object }>();

/** Whether {@link copyOf} makes a whole copy. */
function isFlat(instance: object): boolean {
  const isPlain = (value: unknown): boolean => typeof value !== 'object' || value === null;
  return Object.values(instance).every((value) => isPlain(value) || (Array.isArray(value) && value.every(isPlain)));
}

/** An instance of its own for each attempt: an action may change what it is given. */
function copyOf<A extends object>(action: ActionDefinition<A>, instance: A): A {
  const copy = Object.assign(new action.arguments(), instance);
  for (const [name, value] of Object.entries(copy)) if (Array.isArray(value)) Object.assign(copy, { [name]: [...value] });
  return copy;
}

/** What the templates gave for the arguments that the problems are about, for whoever has to find out why. */
function givenValues(action: ActionDefinition, rendered: JsonObject, problems: readonly Problem[]): JsonObject {
  const named = new Set(problems.map(({ path }) => path.split(/[.[]/, 1)[0]));
  return Object.fromEntries(
    Object.entries(maskArguments(action, rendered)).flatMap(([name, value]) =>
      named.has(name) && value !== undefined ? [[name, shortened(value)]] : [],
    ),
  );
}

function shortened(value: Json): Json {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : value;
}

/** How the catalog shows an action: its arguments as JSON Schema, and the check of arguments as written in a definition. */
export function describeAction(action: ActionDefinition, inject?: CheckContext['inject']): ActionDescription {
  return {
    type: action.type,
    label: action.label,
    ...(action.description === undefined ? {} : { description: action.description }),
    effect: action.effect,
    secret: action.secret,
    ...(action.secretsGoTo === undefined ? {} : { secretsGoTo: action.secretsGoTo }),
    ...(action.takesSecrets === undefined ? {} : { takesSecrets: action.takesSecrets }),
    ...(action.output === undefined ? {} : { output: action.output }),
    argumentsSchema: withSecretsMarked(argumentsSchema(action.arguments), action.secret),
    ...(action.writes === undefined ? {} : { writes: (args, about) => action.writes?.(args, about) ?? [] }),
    ...(action.users === undefined ? {} : { users: (args, about) => action.users?.(args, about) ?? [] }),
    check: (args, about) => [...literalProblems(action, args), ...(action.check?.(args, inject ? { ...about, inject } : about) ?? [])],
  };
}

/** Forms do not show what is `writeOnly`. */
function withSecretsMarked(schema: JsonObject, secret: readonly string[]): JsonObject {
  const properties = schema.properties as JsonObject;
  for (const name of secret) {
    properties[name] = { ...(properties[name] as JsonObject), writeOnly: true };
  }
  return schema;
}

/** The arguments as logs may show them: those that the action calls secret are masked, of objects every value. */
export function maskArguments(action: ActionDefinition, args: object): JsonObject {
  const given = Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined)) as JsonObject;
  return maskedArguments(given, action);
}

/** Literals are held to the class, texts with `{{…}}` only to being valid templates. */
function literalProblems(action: ActionDefinition, args: JsonObject): Problem[] {
  const written = Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined)) as Record<string, Json>;
  const problems = Object.entries(written).flatMap(([name, value]) => argumentProblems(action.formats[name], name, value));
  const { problems: found, misnamed } = instantiate(action, written);
  // A name that is wrong stays wrong, whatever its value becomes.
  return [...problems, ...found.filter((problem) => misnamed.has(problem) || !isTemplated(written, problem.path))];
}

/** Whether the value that a problem is about (or a part of it) is only known once it is rendered. */
function isTemplated(args: JsonObject, path: string): boolean {
  let value: Json | undefined = args;
  for (const segment of path.split(/[.[\]]+/).filter(Boolean)) {
    if (typeof value !== 'object' || value === null) {
      break;
    }
    value = Object.hasOwn(value, segment) ? (value as JsonObject)[segment] : undefined;
  }
  return containsExpression(value);
}

function containsExpression(value: Json | undefined): boolean {
  if (typeof value === 'string') {
    return hasExpression(value);
  }
  return typeof value === 'object' && value !== null && Object.values(value).some(containsExpression);
}

function instantiate<A extends object>(
  action: ActionDefinition<A>,
  args: JsonObject,
): { instance: A; problems: Problem[]; misnamed: ReadonlySet<Problem> } {
  const rules = rulesByProperty(action.arguments);
  const problems: Problem[] = [];
  const misnamed = new Set<Problem>();
  const plain: JsonObject = {};
  const free: JsonObject = {};
  for (const [name, value] of Object.entries(args)) {
    const known = rules.get(name);
    if (!known) {
      const problem = {
        path: name,
        message: `${action.type} takes no argument '${name}'.${didYouMean(name, rules.keys())} It takes ${[...rules.keys()].join(', ') || 'none'}`,
      };
      problems.push(problem);
      misnamed.add(problem);
    } else if (typeof value !== 'object' || value === null) {
      plain[name] = value;
    } else if (isNested(known)) {
      const refused = refusedName(value, name);
      if (refused) {
        problems.push(refused);
      } else {
        plain[name] = value;
      }
    } else {
      // free JSON goes in as it is: class-transformer would copy it and lose members such as `constructor`
      free[name] = value;
    }
  }
  const instance = Object.assign(plainToInstance(action.arguments, plain), free);
  if (rules.size > 0 && !isSurelyValid(action.arguments, instance)) {
    const errors = validateSync(instance, { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: true });
    problems.push(
      ...errors
        .flatMap((error) => asProblems(error, '', misnamed))
        .filter((problem) => !problems.some((known) => known.path === problem.path)),
    );
  }
  return { instance, problems, misnamed };
}

function refusedName(value: Json, path: string): Problem | null {
  if (typeof value !== 'object' || value === null) {
    return null;
  }
  for (const [name, member] of Object.entries(value)) {
    if (REFUSED_NAMES.has(name)) {
      return { path, message: `the name '${name}' is not allowed here` };
    }
    const inside = member === undefined ? null : refusedName(member, path);
    if (inside) {
      return inside;
    }
  }
  return null;
}

/** The problems of an argument and of what is in it; those about names that nobody knows are noted in `misnamed`. */
function asProblems(error: ValidationError, parent: string, misnamed: Set<Problem>): Problem[] {
  const path = /^\d+$/.test(error.property) ? `${parent}[${error.property}]` : parent ? `${parent}.${error.property}` : error.property;
  // one problem an argument: the rule that is declared first, which class-validator reports last, is the one about its type
  const broken = Object.values(error.constraints ?? {}).at(-1);
  const message = error.value === undefined ? `${error.property} is required` : error.value === null ? emptied(error, broken) : broken;
  const own = error.constraints && message !== undefined ? [{ path, message }] : [];
  if (error.constraints && 'whitelistValidation' in error.constraints) {
    const known = [...rulesByProperty(error.target?.constructor as ArgumentsClass<object>).keys()];
    const problem = { path, message: `${path} is not known here.${didYouMean(error.property, known)} Known are: ${known.join(', ')}` };
    misnamed.add(problem);
    return [problem];
  }
  return [...own, ...(error.children ?? []).flatMap((child) => asProblems(child, path, misnamed))];
}

/** The record has no value, which is what to be told of first: a pattern alone sends people to look for a wrong one. */
function emptied({ property }: ValidationError, broken: string | undefined): string | undefined {
  return broken && `${property} is empty: ${broken}`;
}

function summary(problems: readonly Problem[]): string {
  // class-validator's own messages begin with the name
  const shown = problems.slice(0, 3).map(({ path, message }) => (message.startsWith(`${path} `) ? message : `${path}: ${message}`));
  return problems.length > 3 ? `${shown.join('; ')}; and ${problems.length - 3} more` : shown.join('; ');
}
