import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { didYouMean, mustBeOneOf } from '../nearest.js';
import { isForbiddenKey } from '../storable-json.js';
import { durationToMs, isWrittenAsDuration, parseDuration } from '../time/duration.js';
import { memberPath, type ProblemList } from './problem-list.js';

/** Rules for a text. */
export interface TextRules {
  /** In characters; default 200. */
  max?: number;
  pattern?: TextPattern;
}

/** A form that a text must have. */
export interface TextPattern {
  regex: RegExp;
  /** Goes on "This must be …". */
  wanted: string;
}

/** Rules for a number. */
export interface NumberRules {
  min: number;
  max: number;
  /** Default: whole numbers only. */
  fractions?: boolean;
}

/** Rules for a list. */
export interface ListRules {
  min: 0 | 1;
  max: number;
}

/**
 * Reads the members of one JSON object and notes a problem for each that is missing or wrong; {@link finish} notes the
 * members nobody asked for. After a problem the value answered is a harmless stand-in: a result with problems is never
 * used.
 */
export class ObjectReader {
  private readonly asked = new Set<string>();

  constructor(
    private readonly json: JsonObject,
    readonly path: string,
    readonly problems: ProblemList,
  ) {}

  /** Null, with a problem, when the value is no object. `what` names it at the start of the sentence. */
  static open(json: unknown, path: string, problems: ProblemList, what: string): ObjectReader | null {
    if (isJsonObject(json)) return new ObjectReader(json, path, problems);
    problems.add(path, `${what} must be an object.`);
    return null;
  }

  /** The path of a member. */
  at(key: string): string {
    return memberPath(this.path, key);
  }

  problem(key: string, message: string): void {
    this.problems.add(this.at(key), message);
  }

  has(key: string): boolean {
    return this.raw(key) !== undefined;
  }

  /** The member as it is; undefined when absent. */
  raw(key: string): Json | undefined {
    this.asked.add(key);
    return Object.hasOwn(this.json, key) ? this.json[key] : undefined;
  }

  /** A text that must be there and not be blank. */
  text(key: string, rules: TextRules = {}): string {
    if (!this.has(key)) this.problem(key, `"${key}" is missing.`);
    return this.optionalText(key, rules) ?? '';
  }

  optionalText(key: string, rules: TextRules = {}): string | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    return checkText(value, this.at(key), this.problems, rules) ? value : undefined;
  }

  /** One of the values; the fallback when absent. */
  choice<const Values extends readonly string[]>(key: string, values: Values, fallback: Values[number]): Values[number] {
    const value = this.raw(key);
    if (value === undefined) return fallback;
    const chosen = values.find((one) => one === value);
    if (chosen === undefined) this.problem(key, `"${key}" ${mustBeOneOf(value, values)}`);
    return chosen ?? fallback;
  }

  flag(key: string, fallback: boolean): boolean {
    const value = this.raw(key);
    if (value === undefined || typeof value === 'boolean') return value ?? fallback;
    this.problem(key, `"${key}" must be true or false.`);
    return fallback;
  }

  optionalNumber(key: string, rules: NumberRules): number | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && value >= rules.min && value <= rules.max && (rules.fractions || Number.isInteger(value))) return value;
    this.problem(key, `"${key}" must be a ${rules.fractions ? '' : 'whole '}number from ${rules.min} to ${rules.max}.`);
    return undefined;
  }

  /** An ISO 8601 duration longer than nothing and at most `longest`, itself a duration. */
  optionalDuration(key: string, longest: string): string | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    const ms = typeof value === 'string' ? millisecondsOf(value) : null;
    if (typeof value !== 'string' || !isWrittenAsDuration(value)) {
      this.problem(key, `"${key}" must be an ISO 8601 duration, such as PT15M or P2D.`);
    } else if (value.startsWith('-') && ms !== 0) this.problem(key, `"${key}" must not be negative.`);
    else if (ms === 0) this.problem(key, `"${key}" must be longer than nothing.`);
    else if (ms === null || ms > Number(millisecondsOf(longest))) this.problem(key, `"${key}" must be at most ${longest}.`);
    else return value;
    return undefined;
  }

  /** A list that must be there; empty after a problem, so that long lists cost nothing. */
  list(key: string, rules: ListRules): readonly Json[] {
    if (!this.has(key)) this.problem(key, `"${key}" is missing.`);
    return this.optionalList(key, rules) ?? [];
  }

  optionalList(key: string, rules: ListRules): readonly Json[] | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) this.problem(key, `"${key}" must be a list.`);
    else if (value.length < rules.min) this.problem(key, `"${key}" must not be empty.`);
    else if (value.length > rules.max) this.problem(key, `"${key}" must have at most ${rules.max} entries.`);
    else return value;
    return undefined;
  }

  /** A list of texts; undefined when absent or wrong. */
  optionalTexts(key: string, rules: ListRules): string[] | undefined {
    return this.optionalList(key, rules)?.filter((value, index) => checkText(value, `${this.at(key)}[${index}]`, this.problems, {})) as
      | string[]
      | undefined;
  }

  /** Notes every member that was not asked for. */
  finish(): void {
    for (const key of Object.keys(this.json)) {
      if (this.problems.full) return;
      // Keys that reach for prototypes are noted by checkJson.
      if (this.asked.has(key) || isForbiddenKey(key)) continue;
      this.problem(key, `This is not known here.${didYouMean(key, this.asked)} Known are: ${[...this.asked].join(', ')}.`);
    }
  }
}

function checkText(value: Json, path: string, problems: ProblemList, rules: TextRules): value is string {
  const max = rules.max ?? 200;
  if (typeof value !== 'string') problems.add(path, 'This must be a text.');
  else if (value.trim() === '') problems.add(path, 'This must not be empty.');
  else if (value.length > max) problems.add(path, `This must have at most ${max} characters.`);
  else if (rules.pattern && !rules.pattern.regex.test(value)) problems.add(path, `This must be ${rules.pattern.wanted}.`);
  else return true;
  return false;
}

/** How long a text says; null when it is no duration. */
export function millisecondsOf(text: string): number | null {
  const duration = parseDuration(text);
  return duration && durationToMs(duration);
}

/** The object without its undefined members, so that parsed definitions compare and print as they were written. */
export function compact<Value extends object>(value: Value): Value {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Value;
}
