import type { Explanation } from '../../core/condition/explanation.js';
import type { Json } from '../../core/json.js';
import { isObject } from './catalog.js';
import { nameWords } from './words.js';

/** Why a transition does not fire, where nothing more is said of it. */
const REASONS: Readonly<Record<string, string>> = {
  paused: 'The machine is disabled.',
  version_unreadable: 'This release cannot read the version of the machine.',
  unknown: 'The version of the instance has no such transition.',
  state: 'It does not lead out of the state.',
  moved: 'The instance has moved in between.',
  disabled: 'The transition is disabled.',
  trigger: 'It listens to something else.',
  roles: 'It takes a role that you do not have.',
  conditions: 'Its conditions do not hold.',
  transitioning: 'Another transition is under way.',
  too_many: 'Too many events wait for the transition under way.',
  event_gone: 'The event has been removed meanwhile.',
  loop: 'It would go round in a circle.',
  plan: 'The plan of the workspace does not include it.',
  gone: 'Somebody has deleted them since.',
};

/** Returns why something was not done: the rule in words where there is one. */
export function reasonWords(reason: string | null, explanation: Json = null): string {
  if (isObject(explanation) && typeof explanation.rule === 'string') return explanation.rule;
  return REASONS[reason ?? ''] ?? nameWords(reason ?? 'no reason is told');
}

/** Returns conditions as they were evaluated; null for anything else. */
export function explanationIn(json: Json): Explanation | null {
  return isObject(json) && typeof json.result === 'boolean' ? (json as unknown as Explanation) : null;
}

/** A transition that was asked and did not fire. */
export interface NotFired {
  transition: string | null;
  reason: string;
  explanation: Json;
}

/** What is told beside something in the way of an instance. */
export interface HistoryRemarks {
  /** What a person has said to it. */
  comment: string | null;
  notFired: NotFired[];
  error: { code: string; message: string; hint: string | null } | null;
}

/** Returns what the history of an instance tells beside what happened, by what kind of thing that was. */
export function remarksIn(explanation: Json): HistoryRemarks {
  const none: HistoryRemarks = { comment: null, notFired: [], error: null };
  if (Array.isArray(explanation)) return { ...none, notFired: notFiredIn(explanation) };
  if (!isObject(explanation)) return none;
  const { comment, reason, notFired, code, message, hint } = explanation;
  const said = comment ?? reason;
  return {
    comment: typeof said === 'string' ? said : null,
    notFired: notFiredIn(notFired),
    error:
      typeof message === 'string'
        ? { code: typeof code === 'string' ? code : 'unknown', message, hint: typeof hint === 'string' ? hint : null }
        : null,
  };
}

function notFiredIn(list: Json | undefined): NotFired[] {
  return (Array.isArray(list) ? list : []).filter(isObject).map(({ transition, reason, explanation }) => ({
    transition: typeof transition === 'string' ? transition : null,
    reason: typeof reason === 'string' ? reason : '',
    explanation: explanation ?? null,
  }));
}
