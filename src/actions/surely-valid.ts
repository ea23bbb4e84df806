import { getMetadataStorage } from 'class-validator';
import type { ArgumentsClass } from './action.js';
import { rulesByProperty } from './arguments-schema.js';

/** A rule of class-validator as it is carried out. */
interface CarriedRule {
  type: string;
  constraintCls: new () => unknown;
  constraints?: unknown[];
  each: boolean;
  validateIf?: (object: object, value: unknown) => boolean;
}

/** Whether a value is surely as its rules say. */
type Check = (object: object, value: unknown) => boolean;

const compiled = new WeakMap<ArgumentsClass<object>, ReadonlyMap<string, Check>>();

/**
 * Returns true when class-validator would find nothing wrong with an instance: its own constraints are asked, gathered once for
 * each class. False: it may, and has to be asked itself, for its words too. It gathers them at every validation, by a walk
 * through every class of the host's application that has any.
 */
export function isSurelyValid(type: ArgumentsClass<object>, instance: object): boolean {
  const checks = compiled.get(type) ?? compile(type);
  compiled.set(type, checks);
  for (const name of Object.keys(instance)) if (!checks.has(name)) return false;
  for (const [name, check] of checks) if (!check(instance, (instance as Record<string, unknown>)[name])) return false;
  return true;
}

function compile(type: ArgumentsClass<object>): Map<string, Check> {
  const checks = new Map<string, Check>();
  for (const [property, rules] of rulesByProperty(type)) checks.set(property, checkOf(type, property, rules as unknown as CarriedRule[]));
  return checks;
}

function checkOf(type: ArgumentsClass<object>, property: string, rules: readonly CarriedRule[]): Check {
  const conditions = rules.filter((rule) => rule.type === 'conditionalValidation').map((rule) => rule.constraints?.[0] as Check);
  const checks = rules.filter((rule) => rule.type !== 'conditionalValidation').map((rule) => ruleCheck(type.name, property, rule));
  return (object, value) => !conditions.every((applies) => applies(object, value)) || checks.every((check) => check(object, value));
}

function ruleCheck(targetName: string, property: string, rule: CarriedRule): Check {
  if (rule.type === 'whitelistValidation') return () => true;
  // Of what is nested, promised or new to us it knows more than we do.
  if (rule.type !== 'customValidation') return () => false;
  const found = getMetadataStorage().getTargetValidatorConstraints(rule.constraintCls);
  // Those that take their time are left out where arguments are validated. Each asking for an instance is a search, too.
  const instances = found.filter(({ async }) => !async).map(({ instance }) => instance);
  const { constraints = [], each, validateIf } = rule;
  return (object, value) => {
    if (validateIf && !validateIf(object, value)) return true;
    const about = { targetName, property, object, value, constraints };
    // A promise is no answer yet.
    const holds = (one: unknown): boolean => instances.every((instance) => (instance.validate(one, about) as unknown) === true);
    if (!each) return holds(value);
    return Array.isArray(value) ? value.every(holds) : !(value instanceof Set || value instanceof Map) && holds(value);
  };
}
