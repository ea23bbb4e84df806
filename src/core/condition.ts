import type { ModuleDescription } from './catalog.js';
import { type Explanation, excerpt } from './condition/explanation.js';
import { type CompileContext, compileOperand, compileReader, fieldType } from './condition/operand.js';
import { conditionProblems } from './condition/problems.js';
import type { ConditionSubject } from './condition/subject.js';
import type { Condition, FieldTest } from './definition.js';
import { AutomationError } from './errors.js';
import { OPERATORS } from './operators/index.js';
import { type Operator, Unfit } from './operators/operator.js';
import { type ParsedPath, parsePath } from './scope.js';

export type { Explanation } from './condition/explanation.js';
export { conditionProblems } from './condition/problems.js';
export type { ConditionSubject } from './condition/subject.js';

/** A condition that is ready to be asked any number of times. */
export interface CompiledCondition {
  /** The answer alone, as fast as can be. Never throws. */
  test(subject: ConditionSubject): boolean;
  /** The same answer with everything that led to it. Never throws. */
  explain(subject: ConditionSubject): Explanation;
  /** Every path it reads, the variable in front (`record.account.industry`), each once. */
  paths: string[];
}

type Predicate = (subject: ConditionSubject) => boolean;

/** One node of the tree. */
interface Node {
  test: Predicate;
  explain(subject: ConditionSubject): Explanation;
}

/**
 * Compiles a condition to closures, once per version of a workflow. With a module, fields are compared by their
 * types; without one, by the values that are met.
 *
 * @throws AutomationError `condition_invalid` with every problem
 */
export function compileCondition(condition: Condition, module: ModuleDescription | null): CompiledCondition {
  const problems = conditionProblems(condition, '', { module, catalog: null });
  if (problems.length > 0) {
    const first = problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))[0];
    throw new AutomationError('condition_invalid', `The condition cannot be used: ${first}`, {
      hint: 'Correct the condition, then publish the workflow again.',
      problems,
    });
  }
  const context: CompileContext = { module, paths: new Set() };
  const { test, explain } = compileNode(condition, context);
  return { test, explain, paths: [...context.paths] };
}

function compileNode(condition: Condition, context: CompileContext): Node {
  if ('all' in condition) return compileAll(compileNodes(condition.all, context));
  if ('any' in condition) return compileAny(compileNodes(condition.any, context));
  if ('none' in condition) return compileNone(compileNodes(condition.none, context));
  return compileTest(condition, context);
}

function compileNodes(conditions: Condition[], context: CompileContext): Node[] {
  return conditions.map((condition) => compileNode(condition, context));
}

function compileAll(nodes: Node[]): Node {
  const tests = nodes.map((node) => node.test);
  return {
    test(subject) {
      for (let index = 0; index < tests.length; index++) if (!(tests[index] as Predicate)(subject)) return false;
      return true;
    },
    explain(subject) {
      const all = nodes.map((node) => node.explain(subject));
      return { result: all.every(({ result }) => result), all };
    },
  };
}

function compileAny(nodes: Node[]): Node {
  const tests = nodes.map((node) => node.test);
  return {
    test(subject) {
      for (let index = 0; index < tests.length; index++) if ((tests[index] as Predicate)(subject)) return true;
      return false;
    },
    explain(subject) {
      const any = nodes.map((node) => node.explain(subject));
      return { result: any.some(({ result }) => result), any };
    },
  };
}

function compileNone(nodes: Node[]): Node {
  const { test } = compileAny(nodes);
  return {
    test: (subject) => !test(subject),
    explain(subject) {
      const none = nodes.map((node) => node.explain(subject));
      return { result: !none.some(({ result }) => result), none };
    },
  };
}

function compileTest(condition: FieldTest, context: CompileContext): Node {
  const { field, operator: name, value, caseSensitive = false } = condition;
  const path = parsePath(field) as ParsedPath;
  const operator = OPERATORS.get(name) as Operator;
  const operand = compileOperand(value, operator.value, context);
  const read = compileReader(path, context);
  const judge = operator.judge({
    type: fieldType(path, context.module),
    path,
    reader: (other) => compileReader(other, context),
    caseSensitive,
    module: context.module,
    value: operand,
  });
  return {
    test: (subject) => judge(read(subject) ?? null, subject) === true,
    explain(subject) {
      const seen = read(subject) ?? null;
      const expected = operand.read(subject);
      const verdict = judge(seen, subject);
      const shown = { field, operator: name, seen: excerpt(seen), expected: expected instanceof Unfit ? null : excerpt(expected) };
      return typeof verdict === 'string' ? { result: false, ...shown, note: verdict } : { result: verdict, ...shown };
    },
  };
}
