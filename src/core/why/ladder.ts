import type { ModuleDescription } from '../catalog.js';
import type { Explanation } from '../condition/explanation.js';
import { failureWords } from '../condition/words.js';
import type { LoggedError } from '../errors.js';
import type { StartRule } from '../event.js';
import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { inactiveWords, type Standing } from './life.js';
import { momentWords } from './moment.js';

/** What has to be so for an event to be worked on by a workflow, in the order in which it is asked. */
export const RUNGS = ['existed', 'active', 'listens', 'trigger', 'conditions', 'reentry', 'loop', 'plan', 'run', 'steps'] as const;
export type RungName = (typeof RUNGS)[number];
/** `unknown`: it is not decided yet, or cannot be told any more; the sentence says which. */
export type RungResult = 'yes' | 'no' | 'not_reached' | 'unknown';

/** One question with its answer. */
export interface Rung {
  rung: RungName;
  result: RungResult;
  /** The answer in a sentence or two; null where it was not asked. */
  sentence: string | null;
  /** What was noted about it. */
  detail: JsonObject | null;
  /** The conditions as they were asked, on their rung. */
  explanation: Explanation | null;
}

/** A run, as far as the ladder tells of it. */
export interface LadderRun {
  id: string;
  version: number;
  status: string;
  reason: string | null;
  createdAt: string;
  /** What has become of it, in one sentence. */
  summary: string;
  explanation: Json;
}

/** What the version that counted says of the event when it is asked again. */
export type AskedAgain =
  /** It cannot be asked. */
  | { kind: 'unreadable'; message: string }
  /** Conditions read what the event does not carry. */
  | { kind: 'incomplete'; trigger: string | null; lacks: readonly string[] }
  /** `trigger`: why it does not match; `conditions`: null where it has none. */
  | { kind: 'asked'; trigger: string | null; conditions: Explanation | null };

/** All that is known of an event and a workflow. */
export interface LadderFacts {
  workflowId: string;
  event: {
    module: string | null;
    event: string;
    /** The one workflow that it is for. */
    targetId: string | null;
    /** What a person has set aside for this start. */
    ignores: readonly StartRule[];
    routedAt: string | null;
    error: LoggedError | null;
  };
  standing: Standing;
  /** The version that counted: that of the run, else the one published at the time; null when there was none. */
  version: { version: number; trigger: JsonObject; again: AskedAgain } | null;
  /** The run that the event made, or the row that says why it made none; and the last one of those that repeat it. */
  run: { first: LadderRun; last: LadderRun } | null;
  module: ModuleDescription | null;
}

type Answer = Pick<Rung, 'result' | 'sentence'> & Partial<Rung>;

/** Reasons of skipped runs, by the rung that they are about. Others were found by the last look before the run. */
const RUNG_OF_REASON: ReadonlyMap<string | null, RungName> = new Map<string | null, RungName>([
  ['paused', 'active'],
  ['trigger', 'trigger'],
  ['misfire', 'trigger'],
  ['old_url', 'trigger'],
  ['record', 'trigger'],
  ['conditions', 'conditions'],
  ['reentry', 'reentry'],
  ['loop', 'loop'],
  ['plan', 'plan'],
  ['plan_required', 'plan'],
]);

/** Returns every rung. The first that says no is the answer: what comes after it was not reached. */
export function climb(facts: LadderFacts): Rung[] {
  let isOver = false;
  return RUNGS.map((rung) => {
    const answer: Answer = isOver ? NOT_REACHED : ask(rung, facts);
    isOver ||= answer.result === 'no';
    return { detail: null, explanation: null, ...answer, rung };
  });
}

/** Returns the answer to "why", in a sentence: what says no, else what is not known, else what has become of the run. */
export function answerOf(rungs: readonly Rung[]): string {
  const telling = rungs.find(({ result }) => result === 'no') ?? rungs.find(({ result }) => result === 'unknown') ?? rungs.at(-1);
  return telling?.sentence ?? '';
}

const NOT_REACHED: Answer = { result: 'not_reached', sentence: null };

function yes(sentence: string, more: Partial<Rung> = {}): Answer {
  return { result: 'yes', sentence, ...more };
}

function no(sentence: string, more: Partial<Rung> = {}): Answer {
  return { result: 'no', sentence, ...more };
}

function unknown(sentence: string, more: Partial<Rung> = {}): Answer {
  return { result: 'unknown', sentence, ...more };
}

function ask(rung: RungName, facts: LadderFacts): Answer {
  const { run } = facts;
  if (run?.first.status === 'skipped' && rungOf(run.first.reason) === rung) return skipped(rung, run.first, facts);
  switch (rung) {
    case 'existed':
      return existed(facts);
    case 'active':
      return active(facts);
    case 'listens':
      return listens(facts);
    case 'trigger':
      return trigger(facts);
    case 'conditions':
      return conditions(facts);
    case 'reentry':
      if (facts.event.ignores.includes('reentry')) return yes('Whoever started it has set re-entry aside.');
      return passed(facts, 'No earlier run on the record was in the way.');
    case 'loop':
      return passed(facts, 'It is no loop: the chain of workflows behind the event does not lead back here.');
    case 'plan':
      return passed(facts, 'No limit of the plan was in the way.');
    case 'run':
      return started(facts);
    case 'steps':
      return steps(facts);
  }
}

function rungOf(reason: string | null): RungName {
  return RUNG_OF_REASON.get(reason) ?? 'run';
}

/** What the router noted when it decided. */
function skipped(rung: RungName, run: LadderRun, { module, standing }: LadderFacts): Answer {
  const noted: JsonObject = isJsonObject(run.explanation) ? run.explanation : {};
  const tree = rung === 'conditions' && isExplanation(run.explanation) ? run.explanation : null;
  const detail = { ...(tree === null ? noted : {}), skippedRunId: run.id, reason: run.reason };
  const { rule, lastRunAt, runId } = noted;
  const other = typeof runId === 'string' ? ` as run ${runId}` : '';
  const last = typeof lastRunAt === 'string' ? ` It had run on ${momentWords(lastRunAt)}${other}.` : '';
  const said = typeof rule === 'string' ? `${asSentence(rule)}${last}` : `It was skipped: ${run.reason}.`;
  const better = tree === null ? (rung === 'active' ? inactiveWords(standing) : null) : failureWords(tree, module);
  return no(better ?? said, { detail, explanation: tree });
}

function existed({ run, standing }: LadderFacts): Answer {
  if (run === null && (standing.kind === 'unborn' || standing.kind === 'deleted')) return no(inactiveWords(standing) as string);
  if (run === null && standing.kind === 'unknown') return unknown('Whether it existed then is not known.');
  return yes('The workflow existed.');
}

function active({ run, standing }: LadderFacts): Answer {
  if (run !== null || standing.kind === 'active') return yes('It was active.');
  if (!('since' in standing)) return unknown('Whether it was active then is not known: the audit log does not reach back so far.');
  const { since } = standing;
  return no(inactiveWords(standing) as string, {
    detail: since && { at: since.at, action: since.action, actor: { ...since.actor }, note: since.note },
  });
}

function listens({ run, event, version, workflowId }: LadderFacts): Answer {
  const { targetId } = event;
  if (targetId !== null)
    return targetId === workflowId ? yes('The start is for this workflow.') : no('The start is for another workflow alone.');
  if (version === null) {
    return run === null ? unknown('Which version counted then is not known.') : yes(`Version ${run.first.version} listened to the event.`);
  }
  const what = `${event.module}.${event.event}`;
  const { type, module, event: wanted } = version.trigger;
  const detail = { version: version.version, trigger: version.trigger };
  if (run !== null || (type === 'event' && module === event.module && wanted === event.event))
    return yes(`Version ${version.version} listens to ${what}.`, { detail });
  if (type !== 'event') return no(`Version ${version.version} starts by a trigger of type "${type}", not by events.`, { detail });
  return no(`Version ${version.version} listens to ${module}.${wanted}, and this was ${what}.`, { detail });
}

function trigger({ run, event, version }: LadderFacts): Answer {
  if (event.targetId !== null) return yes('The start names the workflow: its trigger was not asked.');
  const again = version?.again ?? null;
  if (again?.kind === 'unreadable') return unknown(unreadable(again.message));
  if (run !== null) return yes('The trigger matches.');
  if (again === null) return unknown('Which version counted then is not known.');
  return again.trigger === null ? yes(`The trigger matches.${fromEvent(event)}`) : no(`${asSentence(again.trigger)}${fromEvent(event)}`);
}

/** What is added where there is no run that tells. */
function fromEvent({ error, routedAt }: LadderFacts['event']): string {
  if (error !== null || routedAt === null) return '';
  return ' (Told from the event: what was noted then has been removed by retention.)';
}

function conditions({ run, event, version, module }: LadderFacts): Answer {
  if (event.ignores.includes('conditions')) return yes('Whoever started it has set the conditions aside.');
  const again = version?.again ?? null;
  if (again?.kind === 'unreadable') return unknown(unreadable(again.message));
  if (run !== null) return held(again);
  if (again === null) return unknown('Which version counted then is not known.');
  if (again.kind === 'incomplete') return unknown(`What its conditions saw cannot be told any more: ${lackWords(again.lacks)}.`);
  if (again.conditions === null) return yes('It has no conditions.');
  const words = failureWords(again.conditions, module);
  return words === null
    ? yes(`The conditions hold.${fromEvent(event)}`, { explanation: again.conditions })
    : no(`${words}${fromEvent(event)}`, { explanation: again.conditions });
}

/** Of a run that came past them: they did hold. With which values is told from the event, unless that says otherwise by now. */
function held(again: AskedAgain | null): Answer {
  if (again?.kind === 'asked' && again.conditions === null) return yes('It has no conditions.');
  if (again?.kind === 'asked' && again.conditions?.result) return yes('The conditions held.', { explanation: again.conditions });
  const why =
    again?.kind === 'incomplete'
      ? lackWords(again.lacks)
      : 'the event, read today, says otherwise (fields or days may count otherwise by now)';
  return yes(
    `The conditions held, or it would not have gone on. With which values cannot be told any more: ${again === null ? 'the version is gone' : why}.`,
  );
}

function lackWords(lacks: readonly string[]): string {
  return `the event does not carry ${lacks.join(', ')}`;
}

function unreadable(message: string): string {
  return `This cannot be told: ${asSentence(message)}`;
}

/** Nothing is noted of those that said yes: where there is a run, or another no, they did. */
function passed({ run, event }: LadderFacts, sentence: string): Answer {
  return run === null ? unknown(event.routedAt === null ? NOT_LOOKED_AT : REMOVED) : yes(sentence);
}

const NOT_LOOKED_AT = 'No worker has looked at the event yet.';
const REMOVED = 'Nothing is kept of what was decided then: retention has removed it.';

function started({ run, event }: LadderFacts): Answer {
  if (run !== null) {
    const { first, last } = run;
    const again = first.id === last.id ? '' : ` It was repeated from the start since: the last time as run ${last.id}.`;
    return yes(`Run ${first.id} of version ${first.version} came of it on ${momentWords(first.createdAt)}.${again}`, {
      detail: { runId: first.id, lastRunId: last.id, version: first.version },
    });
  }
  if (event.error !== null)
    return no(`The event could not be routed: ${asSentence(event.error.message)}`, { detail: { code: event.error.code } });
  return unknown(event.routedAt === null ? NOT_LOOKED_AT : REMOVED);
}

function steps({ run }: LadderFacts): Answer {
  if (run === null) return NOT_REACHED;
  const { id, status, summary, reason } = run.last;
  const detail = { runId: id, status, reason };
  if (status === 'succeeded') return yes(summary, { detail });
  return status === 'failed' || status === 'cancelled' ? no(summary, { detail }) : unknown(summary, { detail });
}

function isExplanation(json: Json): json is JsonObject & Explanation {
  return isJsonObject(json) && typeof json.result === 'boolean';
}

function asSentence(text: string): string {
  const whole = `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
  return /[.!?…]$/.test(whole) ? whole : `${whole}.`;
}
