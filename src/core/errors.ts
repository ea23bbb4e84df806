import type { ErrorCode } from './error-codes.js';
import type { JsonObject } from './json.js';

/** One thing wrong with some input: where (`steps[1].branches[0].when.operator`) and what, in a sentence. */
export interface Problem {
  path: string;
  message: string;
  /** What may be meant, or what there is to choose from, where the API tells it apart from the message. */
  hint?: string;
}

/**
 * What became of a failed attempt, as far as trying again is concerned.
 * - `permanent`: the same attempt would fail again (unknown stage, 404, invalid address).
 * - `transient`: it may pass later; `retryAfterMs` is the far side's own wish (`Retry-After`), in milliseconds.
 * - `ambiguous`: the far side may have acted, its answer never came. Tried again like a transient failure, with the same
 *   idempotency key; with the step's `onAmbiguous: hold` a person decides.
 */
export type Retryability = { kind: 'permanent' } | { kind: 'transient'; retryAfterMs?: number } | { kind: 'ambiguous' };

/** Options of an {@link AutomationError}. */
export interface AutomationErrorOptions {
  /** What the reader can do about it, in a sentence. */
  hint?: string;
  /** Facts that help to find the reason; never secrets. */
  details?: JsonObject;
  /** Where the input was wrong. */
  problems?: Problem[];
  /** Default: permanent. */
  retry?: Retryability;
  cause?: unknown;
}

/**
 * Every error that this library raises on purpose. `code` is stable and for programs (`stage_unknown`); the message
 * says what happened and to what, the hint what to do.
 */
export class AutomationError extends Error {
  override readonly name = 'AutomationError';
  /** One of the library's, or of a host's own. */
  readonly code: ErrorCode | (string & {});
  // Declared alone: what is not given is no member, and is not printed by a start that fails.
  declare readonly hint: string | undefined;
  declare readonly details: JsonObject | undefined;
  declare readonly problems: Problem[] | undefined;
  declare readonly retry: Retryability;

  constructor(code: ErrorCode, message: string, options: AutomationErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    const { hint, details, problems, retry = { kind: 'permanent' } } = options;
    if (hint !== undefined) this.hint = hint;
    if (details !== undefined) this.details = details;
    if (problems !== undefined) this.problems = problems;
    // For the engine: it helps nobody who reads the error where it is printed.
    Object.defineProperty(this, 'retry', { value: retry, writable: true, configurable: true });
  }
}

/**
 * {@link AutomationError} as hosts construct it: their actions bring codes of their own, of which the API answers those
 * that may pass with 503 and the others with 422. It is the same class.
 */
export const HostError = AutomationError as new (code: string, message: string, options?: AutomationErrorOptions) => AutomationError;
export type HostError = AutomationError;

/** An error as the log keeps it. */
export interface LoggedError {
  code: string;
  message: string;
  /** Of a run: the path of the step that failed it. */
  step?: string;
  /** What that step is called, where it has a name. */
  stepName?: string;
  /** What to do about it. */
  hint?: string;
  /** Messages of the causes, outermost first. */
  causes?: string[];
  details?: JsonObject;
  problems?: Problem[];
}
