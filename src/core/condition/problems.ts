import type { RE2JS } from 're2js';
import type { Catalog, FieldType, ModuleDescription } from '../catalog.js';
import type { Problem } from '../errors.js';
import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { didYouMean } from '../nearest.js';
import { OPERATORS } from '../operators/index.js';
import type { Operator } from '../operators/operator.js';
import { compilePattern } from '../operators/text.js';
import { type ParsedPath, parsePath } from '../scope.js';
import { findField } from './field-types.js';
import { unknownKeys, valueProblems } from './value-problems.js';

/** What a condition is checked against. With neither, only its structure is checked. */
export interface ConditionSurroundings {
  /** The module that the record belongs to; null where there is none or it is not known. */
  module: ModuleDescription | null;
  /** Where related modules are found. */
  catalog: Catalog | null;
}

/** The largest tree: groups and tests together. */
const MOST_NODES = 500;
/**
 * The largest programs of all patterns together: 2,000 take a second with the longest text. What is published is read without
 * a catalog, and goes on.
 */
const MOST_OF_PATTERNS = 5_000;
/** The deepest nesting; a single test is of depth 1. */
const DEEPEST = 20;
const GROUPS = ['all', 'any', 'none'] as const;
const TEST_MEMBERS = ['field', 'operator', 'value', 'caseSensitive'];

/** Everything that is wrong with a condition, each with its path below `path`. Never throws, whatever the input. */
export function conditionProblems(condition: unknown, path: string, about: ConditionSurroundings): Problem[] {
  const check: Check = { about, problems: [], nodes: 0, programs: 0 };
  checkNode(condition, path, 1, check);
  if (check.programs > MOST_OF_PATTERNS)
    check.problems.push({ path, message: 'The patterns of the condition are too large together: use fewer, or smaller repeat counts.' });
  if (check.nodes > MOST_NODES) check.problems.push({ path, message: `The condition has more than ${MOST_NODES} groups and tests.` });
  return check.problems;
}

interface Check {
  about: ConditionSurroundings;
  problems: Problem[];
  nodes: number;
  /** The sizes of the programs of patterns, where there is a catalog. */
  programs: number;
}

function checkNode(node: unknown, path: string, depth: number, check: Check): void {
  check.nodes++;
  if (check.nodes > MOST_NODES) return;
  if (depth > DEEPEST) {
    check.problems.push({ path, message: `The condition is nested more than ${DEEPEST} levels deep.` });
  } else if (!isJsonObject(node)) {
    check.problems.push({
      path,
      message: 'This must be a group { "all" | "any" | "none": […] } or a test { "field", "operator", "value" }.',
    });
  } else {
    const group = GROUPS.find((name) => Object.hasOwn(node, name));
    if (group === undefined) checkTest(node, path, check);
    else checkGroup(node, group, path, depth, check);
  }
}

function checkGroup(node: JsonObject, group: string, path: string, depth: number, check: Check): void {
  const { [group]: members, ...others } = node;
  check.problems.push(...unknownKeys(others, path, [group]));
  const where = at(path, group);
  if (!Array.isArray(members)) {
    check.problems.push({ path: where, message: `"${group}" must be a list of groups and tests.` });
    return;
  }
  for (const [index, member] of members.entries()) {
    if (check.nodes > MOST_NODES) break;
    checkNode(member, `${where}[${index}]`, depth + 1, check);
  }
}

function checkTest(node: JsonObject, path: string, check: Check): void {
  const { about, problems } = check;
  const { field, operator: name, value, caseSensitive, ...others } = node;
  problems.push(...unknownKeys(others, path, TEST_MEMBERS));
  if (caseSensitive !== undefined && typeof caseSensitive !== 'boolean')
    problems.push({ path: at(path, 'caseSensitive'), message: '"caseSensitive" must be true or false.' });
  const tested = findTested(field, about);
  if ('problem' in tested) problems.push({ path: at(path, 'field'), message: tested.problem });
  const operator = typeof name === 'string' ? OPERATORS.get(name) : undefined;
  if (operator === undefined) {
    problems.push({
      path: at(path, 'operator'),
      message:
        typeof name === 'string' ? `There is no operator "${name}".${didYouMean(name, OPERATORS.keys())}` : 'A test needs an operator.',
    });
    return;
  }
  const misfit = 'problem' in tested ? null : misfitOf(operator, tested, about.module);
  if (misfit !== null) {
    problems.push({ path: at(path, 'operator'), message: misfit });
    return;
  }
  const { type, options } = 'problem' in tested ? { type: null } : tested;
  const site = { operator, type, ...(options && { options }), caseSensitive: caseSensitive === true, ...about };
  const wrong = valueProblems(value, at(path, 'value'), site);
  problems.push(...wrong);
  if (operator.value !== 'pattern' || about.catalog === null || wrong.length > 0 || check.programs > MOST_OF_PATTERNS) return;
  // It has just been found to be one.
  check.programs += (compilePattern(value as string, site.caseSensitive) as RE2JS).programSize();
}

interface Tested {
  path: ParsedPath;
  type: FieldType | null;
  options?: readonly string[];
}

function findTested(field: Json | undefined, { module, catalog }: ConditionSurroundings): Tested | { problem: string } {
  if (typeof field !== 'string' || field === '') return { problem: 'Choose the field that is tested.' };
  const path = parsePath(field);
  if (path === null) return { problem: `"${field}" is not the path of a field.` };
  const finding = findField(path, module, catalog);
  return 'problem' in finding ? finding : { path, ...finding };
}

/** Why an operator does not fit a field; null when it does. */
function misfitOf(operator: Operator, { path, type }: Tested, module: ModuleDescription | null): string | null {
  const { name, types, fits } = operator;
  if (types !== 'any' && type !== null && type !== 'json' && !types.includes(type))
    return `"${name}" does not fit a field of type ${type}; it is for ${types.join(', ')}.`;
  return fits?.(path, module) ?? null;
}

function at(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}
