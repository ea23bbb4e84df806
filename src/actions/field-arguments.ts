import type { FieldDescription, FieldType, ModuleDescription } from '../core/catalog.js';
import { expressionType, fitsField } from '../core/definition/value-types.js';
import type { AutomationError, Problem } from '../core/errors.js';
import { isJsonObject, type Json } from '../core/json.js';
import { fieldAt } from '../core/module-shape.js';
import { didYouMean } from '../core/nearest.js';
import { hasExpression } from '../core/template/template.js';
import { checkedValue } from '../host/field-values.js';

/** What is wrong with the fields and values that an argument names for a record of `target`; `source`: the module of the run's record. */
export function fieldsProblems(
  fields: Json | undefined,
  modules: { target: ModuleDescription; source: ModuleDescription | null },
  path: string,
): Problem[] {
  if (!isJsonObject(fields)) return [];
  return Object.entries(fields).flatMap(([name, value]) => {
    const { field, problems } = writableField(name, modules.target, `${path}.${name}`);
    return field ? valueProblems(value, field, modules, `${path}.${name}`) : problems;
  });
}

/** The field of a module that an argument sets; or why it cannot be set. */
export function writableField(name: string, module: ModuleDescription, path: string): { field?: FieldDescription; problems: Problem[] } {
  const field = fieldAt(module, name);
  if (!field) {
    const names = module.fields.filter((known) => known.writable).map((known) => known.name);
    return { problems: [{ path, message: `${module.label} have no field '${name}'.${didYouMean(name, names)}` }] };
  }
  if (!field.writable || name === 'id') {
    return { problems: [{ path, message: `the field '${name}' cannot be changed by workflows` }] };
  }
  return { field, problems: [] };
}

/** A literal must fit the field, and so must the field that stands in braces; another template shows what it gives when it runs. */
export function valueProblems(
  value: Json | undefined,
  field: FieldDescription,
  { target, source }: { target: ModuleDescription; source: ModuleDescription | null },
  path: string,
): Problem[] {
  if (value === undefined) {
    return [];
  }
  if (hasExpression(JSON.stringify(value))) {
    return typeProblems(expressionType(value, source), String(value), field, path);
  }
  try {
    checkedValue(target.name, field, value);
    return [];
  } catch (error) {
    const { message, hint } = error as AutomationError;
    return [{ path, message: hint ? `${message} ${hint}` : message }];
  }
}

/** What is wrong with setting a field from a value of this type. */
export function typeProblems(type: FieldType | null, source: string, target: FieldDescription, path: string): Problem[] {
  if (type === null || fitsField(target.type, type)) {
    return [];
  }
  return [{ path, message: `${source} is a ${type}, ${target.name} a ${target.type}` }];
}
