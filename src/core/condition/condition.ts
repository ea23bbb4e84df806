import type { ModuleDescription } from '../catalog.js';
import { RETRY_CORRECTED } from '../corrected-workflow.js';
import { AutomationError } from '../errors.js';
import type { RecordData } from '../event.js';
import { OPERATORS } from '../operators/index.js';
import { type Judge, type Operator, Unfit } from '../operators/operator.js';
import { type ParsedPath, parsePath } from '../scope.js';
import { plainDay } from '../time/dates.js';
import { type Explanation, excerpt } from './explanation.js';
import { type CompileContext, compileOperand, compileReader, fieldType, plainField } from './operand.js';
import { conditionProblems } from './problems.js';
import type { ConditionSubject } from './subject.js';
import type { Condition, FieldTest } from './tree.js';

export type { Explanation } from './explanation.js';
export { conditionProblems } from './problems.js';
export type { ConditionSubject } from './subject.js';

/** A condition that is ready to be asked any number of times. */
export interface CompiledCondition {
  /** The answer alone, as fast as can be. Never throws. */
  test(subject: ConditionSubject): boolean;
  /** The same answer with everything that led to it. Never throws. */
  explain(subject: ConditionSubject): Explanation;
  /** Every path it reads, the variable in front (`record.account.industry`), each once. */
  paths: string[];
}

/**
 * One node of the tree. The group reads the field for its tests, which saves a call at each. A class, so that all nodes
 * have one shape: as object literals of several shapes they cost 16 to 20 % more a tree.
 */
class Node {
  constructor(
    /** The field of the record that is judged; null where the judge reads for itself what it needs. */
    readonly field: string | null,
    readonly judge: Judge,
    readonly explain: (subject: ConditionSubject) => Explanation,
  ) {}
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
      hint: `Correct the condition. ${RETRY_CORRECTED}`,
      problems,
    });
  }
  const context: CompileContext = { module, paths: new Set() };
  const node = compileNode(condition, context);
  return { test: (subject) => holds(node, subject.record ?? NO_RECORD, subject), explain: node.explain, paths: [...context.paths] };
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

/** What the fields of no record are read from. */
const NO_RECORD: RecordData = Object.freeze(Object.create(null));

/** Asks one node; `record` is the subject's, or {@link NO_RECORD}. */
function holds({ field, judge }: Node, record: RecordData, subject: ConditionSubject): boolean {
  return judge(field === null ? null : (record[field] ?? null), subject) === true;
}

function compileAll(nodes: Node[]): Node {
  const judge: Judge = (_seen, subject) => {
    const record = subject.record ?? NO_RECORD;
    for (let index = 0; index < nodes.length; index++) if (!holds(nodes[index] as Node, record, subject)) return false;
    return true;
  };
  return new Node(null, judge, (subject) => {
    const all = nodes.map((node) => node.explain(subject));
    return { result: all.every(({ result }) => result), all };
  });
}

function compileAny(nodes: Node[]): Node {
  return new Node(null, oneHolds(nodes, true), (subject) => {
    const any = nodes.map((node) => node.explain(subject));
    return { result: any.some(({ result }) => result), any };
  });
}

function compileNone(nodes: Node[]): Node {
  return new Node(null, oneHolds(nodes, false), (subject) => {
    const none = nodes.map((node) => node.explain(subject));
    return { result: !none.some(({ result }) => result), none };
  });
}

/** Returns `found` as soon as one node holds, else the opposite. */
function oneHolds(nodes: Node[], found: boolean): Judge {
  return (_seen, subject) => {
    const record = subject.record ?? NO_RECORD;
    for (let index = 0; index < nodes.length; index++) if (holds(nodes[index] as Node, record, subject)) return found;
    return !found;
  };
}

function compileTest(condition: FieldTest, context: CompileContext): Node {
  const { field, operator: name, value, caseSensitive = false } = condition;
  const path = parsePath(field) as ParsedPath;
  const operator = OPERATORS.get(name) as Operator;
  const operand = compileOperand(value, operator.value, context);
  const read = compileReader(path, context);
  const type = fieldType(path, context.module);
  const judge = operator.judge({
    type,
    path,
    reader: (other) => compileReader(other, context),
    caseSensitive,
    module: context.module,
    value: operand,
  });
  const explain = (subject: ConditionSubject): Explanation => {
    const seen = read(subject) ?? null;
    const expected = operand.read(subject);
    const verdict = judge(seen, subject);
    const shown = { field, operator: name, seen: excerpt(seen), expected: expected instanceof Unfit ? null : excerpt(expected) };
    return typeof verdict === 'string' ? { result: false, ...shown, note: verdict } : { result: verdict, ...shown };
  };
  const plain = plainField(path);
  if (plain === null) return new Node(null, (_seen, subject) => judge(read(subject) ?? null, subject), explain);
  return new Node(plain, type === 'date' ? (seen, subject) => judge(plainDay(seen), subject) : judge, explain);
}
