import type { ModuleDescription } from '../catalog.js';
import type { Explanation } from '../condition/explanation.js';
import { failureWords } from '../condition/words.js';
import { cut } from '../cut.js';
import type { LoggedError } from '../errors.js';
import { isJsonObject, type Json } from '../json.js';
import type { Waiting } from '../plan/plan.js';
import type { QueueReason } from '../start/admission.js';

/** What a sentence about a run is made of. */
export interface SummarizedRun {
  status: 'queued' | 'running' | 'waiting' | 'succeeded' | 'failed' | 'skipped' | 'cancelled';
  reason: string | null;
  error: LoggedError | null;
  waiting: readonly Waiting[] | null;
  /** Steps that failed without failing the run. */
  failedSteps: number;
  /** Of a skipped run: why, without what is not to be shown any more. */
  explanation: Json;
  /** The module whose fields it names by their labels. */
  about?: ModuleDescription | null;
}

/** How many steps a summary names. */
const MOST_NAMED = 5;
const LONGEST_TEXT = 400;

const QUEUED_FOR: Record<QueueReason, string> = {
  concurrency_limit: 'Waits in the queue: as many runs of the workflow are under way as it may have at a time.',
  record_order: 'Waits for an earlier run of the workflow on this record.',
};

/**
 * Returns in one sentence what has become of a run: the error, the decisive test, what is waited for and until when, the
 * next attempt and why the last one failed.
 *
 * @param failed the paths, or names, of the steps that failed without failing the run, as far as they are known
 */
export function runSummary(run: SummarizedRun, failed: readonly string[] = []): string {
  const { status, reason, error } = run;
  switch (status) {
    case 'queued':
      return QUEUED_FOR[reason as QueueReason] ?? 'Queued until a worker takes it.';
    case 'running':
      return 'Running.';
    case 'waiting':
      return sentence(waits(run.waiting ?? []));
    case 'succeeded':
      return sentence(`Succeeded${besideOf(run.failedSteps, failed)}`);
    case 'failed': {
      return sentence(`Failed${error ? whereOf(error) : ''}: ${error?.message ?? reason ?? 'nobody knows why'}`);
    }
    case 'cancelled':
      return sentence(
        reason === 'cancelled_by_user' ? 'Cancelled by a person' : `Cancelled: ${error?.message ?? reason ?? 'nobody knows why'}`,
      );
    case 'skipped':
      return sentence(`Skipped: ${skipped(run) ?? reason ?? 'nobody knows why'}`);
  }
}

function whereOf({ step, stepName }: LoggedError): string {
  return step === undefined ? '' : ` at ${named(step, stepName)}`;
}

/** By what people call the step; in a loop by its path, too, which says at which item. */
function named(path: string, name: string | undefined): string {
  if (name === undefined) return path;
  return `${name}${path.includes('[') ? ` (${path})` : ''}`;
}

function besideOf(count: number, failed: readonly string[]): string {
  if (count === 0) return '';
  const named = failed.slice(0, MOST_NAMED).join(', ');
  const names = named === '' ? '' : `: ${named}${failed.length > MOST_NAMED ? ', …' : ''}`;
  return ` with ${count} failed ${count === 1 ? 'step' : 'steps'}${names}`;
}

/** What is waited for first, and how much else. */
function waits(waiting: readonly Waiting[]): string {
  const [first] = [...waiting].sort((one, other) => endOf(one).localeCompare(endOf(other)));
  if (!first) return 'Waiting';
  const others = waiting.length - 1;
  return `${waitFor(first)}${others === 0 ? '' : `, and waits for ${others} more`}${lastErrorOf(first)}`;
}

/** What only an answer ends comes after every moment. */
function endOf({ until }: Waiting): string {
  return until ?? '9999';
}

function waitFor({ path, stepName, reason, until, attempt }: Waiting): string {
  const step = named(path, stepName);
  const when = until === null ? '' : ` until ${moment(until)}`;
  switch (reason) {
    case 'retry':
      return `${step} is tried again${until === null ? '' : ` at ${moment(until)}`}${attempt === undefined ? '' : ` (attempt ${attempt})`}`;
    case 'in_flight':
      return `Waits for the result of ${step}`;
    case 'delay':
      return `Waits at ${step}${when}`;
    case 'workflow':
      return `Waits at ${step} for the run that it started${when}`;
    case 'webhook':
      return `Waits at ${step} for a call from outside${when}`;
    default:
      return `Waits at ${step} for ${reason === 'approval' ? 'an approval' : 'a form'}${when}`;
  }
}

function lastErrorOf({ error }: Waiting): string {
  return error === undefined ? '' : `; the last attempt failed: ${error.message}`;
}

/** `2025-11-23 08:00 UTC`; what is no moment stays as it is. */
function moment(text: string): string {
  return /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(text) ? `${text.slice(0, 10)} ${text.slice(11, 16)} UTC` : text;
}

/** Why a run was skipped: the decisive tests of its conditions, or the rule; null when the log does not tell. */
function skipped({ explanation, about = null }: SummarizedRun): string | null {
  if (!isJsonObject(explanation)) return null;
  if (typeof explanation.rule === 'string') return explanation.rule;
  if (typeof explanation.result !== 'boolean') return null;
  return failureWords(explanation as unknown as Explanation, about);
}

function sentence(text: string): string {
  const whole = cut(text, LONGEST_TEXT);
  return /[.!?…]$/.test(whole) ? whole : `${whole}.`;
}
