import type { Json, JsonObject } from '../../core/json.js';
import { type Catalog, isObject, moduleOf, textsOf } from './catalog.js';
import { cronWords } from './cron-words.js';
import { triggerWords } from './definition-words.js';
import { formatPlace, listAt, type Place } from './json-path.js';
import { durationWords } from './time.js';
import { listWords, nameWords } from './words.js';

// The definition of a state machine as pages read it: a draft may be anything, so what is missing is empty.

/** One state. */
export interface State {
  code: string;
  description: string | null;
  isInitial: boolean;
  isFinal: boolean;
  timeout: { after: string; transition: string } | null;
  place: Place;
}

/** One way from states to a state. */
export interface Transition {
  code: string;
  description: string | null;
  /** `any`: every state that is not final. */
  from: readonly string[] | 'any';
  to: string;
  trigger: Json | undefined;
  conditions: Json | undefined;
  steps: JsonObject[];
  isEnabled: boolean;
  place: Place;
}

/** Where transitions from any state begin in a drawing; no state can be called so. */
export const ANY = 'any';

/** Returns the states, in their order. */
export function statesOf(definition: JsonObject): State[] {
  return listAt(definition, ['states']).map((json, index) => {
    const { code, description, initial, final, timeout } = isObject(json) ? json : {};
    return {
      code: textOf(code),
      description: textOf(description) || null,
      isInitial: initial === true,
      isFinal: final === true,
      timeout: isObject(timeout) ? { after: textOf(timeout.after), transition: textOf(timeout.transition) } : null,
      place: ['states', index],
    };
  });
}

/** Returns the transitions, in the order in which they are asked. */
export function transitionsOf(definition: JsonObject): Transition[] {
  return listAt(definition, ['transitions']).map((json, index) => {
    const { code, description, from, to, trigger, conditions, steps, enabled } = isObject(json) ? json : {};
    return {
      code: textOf(code),
      description: textOf(description) || null,
      from: from === ANY ? ANY : textsOf(from),
      to: textOf(to),
      trigger,
      conditions,
      steps: (Array.isArray(steps) ? steps : []).filter(isObject),
      isEnabled: enabled !== false,
      place: ['transitions', index],
    };
  });
}

/** Returns the transitions that people fire. */
export function transitionsByHand(definition: JsonObject = {}): Transition[] {
  return transitionsOf(definition).filter(({ trigger }) => isObject(trigger) && trigger.type === 'manual');
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** Returns the module whose records a machine follows; null for one that follows the runs of an integration. */
export function moduleOfMachine(subject: Json | undefined): string | null {
  return isObject(subject) && typeof subject.module === 'string' ? subject.module : null;
}

/** Returns what a machine follows: `Opportunities`, `Runs of partner`. */
export function subjectWords(subject: Json | undefined, catalog: Pick<Catalog, 'modules'> | null): string {
  const module = moduleOfMachine(subject);
  if (module !== null) return moduleOf(catalog, module)?.label ?? nameWords(module);
  return isObject(subject) && typeof subject.integration === 'string' ? `Runs of ${subject.integration}` : 'Nothing chosen yet';
}

/** Returns what fires a transition: `By hand`, `Closed won`, `After 48 hours in SUBMITTED`. */
export function firedByWords(
  { code, trigger }: Pick<Transition, 'code' | 'trigger'>,
  definition: JsonObject,
  catalog: Pick<Catalog, 'modules'> | null,
): string {
  if (!isObject(trigger)) return 'Nothing chosen yet';
  const module = moduleOfMachine(definition.for);
  switch (trigger.type) {
    case 'manual': {
      const roles = textsOf(trigger.roles);
      return roles.length === 0 ? 'By hand' : `By hand, by ${listWords(roles, 'or')}`;
    }
    case 'event':
      if (module === null) return `The run ${trigger.event === 'run_finished' ? 'ends' : 'begins'}`;
      return triggerWords({ ...trigger, module: trigger.module ?? module }, catalog).replace(/^.*?: /, '');
    case 'webhook':
      return 'A call of its URL';
    case 'import':
      return 'An import brings the record';
    case 'export':
      return 'An export takes the record';
    case 'poll':
      return `Asked: ${cronWords(textOf(trigger.cron))}`;
    case 'timeout': {
      const waiting = statesOf(definition).flatMap(({ code: state, timeout }) =>
        timeout?.transition === code ? [`${durationWords(timeout.after)} in ${state}`] : [],
      );
      return waiting.length === 0 ? 'A timeout, and no state has it' : `After ${listWords(waiting, 'or')}`;
    }
    default:
      return typeof trigger.type === 'string' ? nameWords(trigger.type) : 'Nothing chosen yet';
  }
}

/** Returns where a transition begins: `SUBMITTED or ESCALATED`, `any state`. */
export function fromWords(from: Transition['from']): string {
  if (from === ANY) return 'any state';
  return from.length === 0 ? 'nowhere yet' : listWords(from, 'or');
}

/** What is wrong with one part of a draft: of the state or the transition itself, or of what is in it. */
export function problemsAt<Problem extends { path: string }>(problems: readonly Problem[], place: Place): Problem[] {
  const start = formatPlace(place);
  return problems.filter(({ path }) => path === start || (path.startsWith(start) && /^[.[]/.test(path.slice(start.length))));
}

/** How many instances there are in each state, whatever their version. */
export function instancesByState(counts: readonly { state: string; instances: number }[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { state, instances } of counts) sums.set(state, (sums.get(state) ?? 0) + instances);
  return sums;
}
