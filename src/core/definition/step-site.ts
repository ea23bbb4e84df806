import type { Catalog, ModuleDescription } from '../catalog.js';
import { conditionProblems } from '../condition/condition.js';
import type { Condition } from '../condition/tree.js';
import { CONTEXT_KEY, CONTEXT_KEY_WANTED, MOST_EXTRACTED, OUTPUT_ROOT } from '../extract.js';
import { isJsonObject, type Json, type JsonObject } from '../json.js';
import type { AnyStep, StepBase } from '../steps/step.js';
import { templateProblems } from '../template/template.js';
import { compact, type ListRules, ObjectReader, type TextRules } from './object-reader.js';
import { isDeeperThan, memberPath, type ProblemList } from './problem-list.js';
import type { References, Viewpoint } from './references.js';

/** How many steps a definition may have, all levels together. */
export const MAX_STEPS = 200;
/** How deep steps may be nested; the outermost list is the first level. */
export const MAX_NESTING = 10;
/** How many branches a step may have. */
export const MOST_BRANCHES = 50;
/** How deep the arguments of a step may be nested. */
const MAX_VALUE_DEPTH = 32;

/** What the parts of a definition are read against. */
export interface DefinitionContext {
  problems: ProblemList;
  references: References;
  /** Null: only the structure is checked. */
  catalog: Catalog | null;
  /** The module that the trigger names, known or not; null when it names none. */
  moduleName: string | null;
  module: ModuleDescription | null;
  /** The types of steps that are no actions. */
  flowTypes: readonly string[];
}

/** Where a list of steps stands: what its steps may look at, and how deep it is. */
export interface Place extends Viewpoint {
  /** Grows with each step that is read. */
  visible: Set<string>;
  depth: number;
}

/** Reads a list of steps. */
export type ListParser = (json: readonly Json[], path: string, place: Place) => AnyStep[];

/** One step that is being read: its members, and what is needed to read those that every kind knows in its own way. */
export class StepSite {
  /** Ids that can be over once this step is: those of its children. */
  readonly inner = new Set<string>();

  constructor(
    readonly reader: ObjectReader,
    readonly base: StepBase,
    /** As it is written: the name of flow control or of an action. */
    readonly type: string,
    /** Whether the step is executed itself, and so has an output that its children can look at. */
    private readonly executed: boolean,
    readonly about: DefinitionContext,
    private readonly place: Place,
    private readonly parseList: ListParser,
  ) {}

  /** Checks the templates in a value. */
  templates<Value extends Json | undefined>(value: Value, path: string): Value {
    if (value === undefined) return value;
    if (isDeeperThan(value, MAX_VALUE_DEPTH)) {
      this.about.problems.add(path, `This is nested deeper than ${MAX_VALUE_DEPTH} levels.`);
      return value;
    }
    this.about.problems.addAll(templateProblems(value, path));
    this.about.references.ofTemplates(value, path, this.place);
    return value;
  }

  /** A text that may hold templates. */
  templatedText(key: string, rules: TextRules): string {
    return this.templates(this.reader.text(key, rules), this.reader.at(key));
  }

  /** One expression that is to yield a list. */
  list(key: string, rules: TextRules): string {
    const expression = this.templatedText(key, rules);
    this.about.references.ofList(expression, this.reader.at(key));
    return expression;
  }

  optionalTemplatedText(key: string, rules: TextRules): string | undefined {
    return this.templates(this.reader.optionalText(key, rules), this.reader.at(key));
  }

  /** An object whose texts may hold templates. */
  optionalTemplatedObject(key: string): JsonObject | undefined {
    const value = this.reader.raw(key);
    if (value === undefined) return undefined;
    if (isJsonObject(value)) return this.templates(value, this.reader.at(key));
    this.reader.problem(key, `"${key}" must be an object.`);
    return undefined;
  }

  /** What the step puts into the contexts. */
  extraction(): Pick<StepBase, 'extract' | 'extractToContext'> {
    return compact({ extract: this.extracted('extract'), extractToContext: this.extracted('extractToContext') });
  }

  private extracted(key: 'extract' | 'extractToContext'): JsonObject | undefined {
    const { reader, about } = this;
    const values = reader.raw(key);
    if (values === undefined) return undefined;
    if (!isJsonObject(values)) {
      reader.problem(key, `"${key}" must be an object: the name of each value, and what it is.`);
      return undefined;
    }
    const path = reader.at(key);
    const names = Object.keys(values);
    if (names.length > MOST_EXTRACTED) reader.problem(key, `"${key}" must have at most ${MOST_EXTRACTED} values.`);
    // Keys that reach for prototypes are noted by checkJson.
    for (const name of names) if (!CONTEXT_KEY.test(name)) about.problems.add(memberPath(path, name), CONTEXT_KEY_WANTED);
    if (isDeeperThan(values, MAX_VALUE_DEPTH)) {
      reader.problem(key, `This is nested deeper than ${MAX_VALUE_DEPTH} levels.`);
      return undefined;
    }
    about.problems.addAll(templateProblems(values, path, { locals: OUTPUT_ROOT }));
    about.references.ofExtraction(values, path, this.place, this.base.id);
    return values;
  }

  /** The members of a list as objects; those that are none are left out. */
  objects(key: string, rules: ListRules): ObjectReader[] {
    const list = this.reader.list(key, rules);
    if (list.length === 0) this.about.references.giveUpOnUnknown();
    return list.flatMap((json, index) => ObjectReader.open(json, `${this.reader.at(key)}[${index}]`, this.reader.problems, 'This') ?? []);
  }

  condition(reader: ObjectReader, key: string): Condition {
    const json = reader.raw(key);
    if (json === undefined) reader.problem(key, `"${key}" is missing.`);
    else checkCondition(json, reader.at(key), this.about, this.place);
    return json as unknown as Condition;
  }

  /** The steps in a member of this step or of one of its branches. */
  children(reader: ObjectReader, key: string, rules: { min?: 0 | 1; loop?: boolean } = {}): AnyStep[] {
    if (!reader.has(key)) reader.problem(key, `"${key}" is missing.`);
    return this.optionalChildren(reader, key, rules) ?? [];
  }

  optionalChildren(reader: ObjectReader, key: string, rules: { min?: 0 | 1; loop?: boolean } = {}): AnyStep[] | undefined {
    if (!reader.has(key)) return undefined;
    const list = reader.optionalList(key, { min: rules.min ?? 0, max: MAX_STEPS });
    if (!list) {
      this.about.references.giveUpOnUnknown();
      return undefined;
    }
    const { visible, depth } = this.place;
    const loops = rules.loop ? [...this.place.loops, this.base.id] : this.place.loops;
    const seen = new Set(visible);
    if (this.executed) seen.add(this.base.id);
    const steps = this.parseList(list, reader.at(key), { visible: seen, loops, depth: depth + 1 });
    for (const id of seen) this.inner.add(id);
    return steps;
  }
}

/** Checks a condition, and what it reads of the run. */
export function checkCondition(json: Json, path: string, about: DefinitionContext, view: Viewpoint): void {
  about.problems.addAll(conditionProblems(json, path, { module: about.module, catalog: about.catalog }));
  about.references.ofCondition(json, path, view);
}

const BRANCH_NAME_PATTERN = /^[A-Za-z0-9_-]+$/;

/** The name of a branch, in a schema. */
export const BRANCH_NAME: JsonObject = { type: 'string', maxLength: 64, pattern: BRANCH_NAME_PATTERN.source, not: { const: 'otherwise' } };

/** Reads a branch's name: part of a run's path, and so without dots and brackets. */
export function readBranchName(reader: ObjectReader, names: Set<string>): string {
  const name = reader.text('name', { max: 64, pattern: { regex: BRANCH_NAME_PATTERN, wanted: 'made of letters, digits, "_" and "-"' } });
  if (name === 'otherwise') reader.problem('name', '"otherwise" is taken for the steps that run when no branch holds.');
  else if (name !== '' && names.has(name)) reader.problem('name', `Another branch of this step is called "${name}".`);
  names.add(name);
  return name;
}
