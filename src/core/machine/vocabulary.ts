import { isJsonObject, type Json, type JsonObject } from '../json.js';

// Machines of other systems say the same in other words: names with spaces or capitals, timeouts in hours, triggers by name.
// What is understood becomes what a definition says here; all else stays as it is, and is a problem of the draft.

const ROOT: Names = {
  ...asHere('for', 'start', 'states', 'transitions', 'module', 'integration'),
  entity: 'module',
  integrationcode: 'integration',
  initialstate: 'initialState',
  finalstates: 'finalStates',
};
const STATE: Names = {
  ...asHere('code', 'description', 'initial', 'final', 'timeout'),
  name: 'code',
  isinitial: 'initial',
  isfinal: 'final',
  timeouthours: 'timeout',
  timeoutinhours: 'timeout',
  timeouttransition: 'timeoutTransition',
  ontimeout: 'timeoutTransition',
};
const TRANSITION: Names = {
  ...asHere('code', 'description', 'from', 'to', 'trigger', 'conditions', 'steps', 'settings', 'enabled', 'order'),
  name: 'code',
  fromstate: 'from',
  fromstates: 'from',
  tostate: 'to',
  triggertype: 'trigger',
  actions: 'steps',
  isenabled: 'enabled',
  priority: 'order',
};
const TRIGGERS: Names = {
  onimport: 'import',
  onexport: 'export',
  onwebhook: 'webhook',
  onscheduledpoll: 'poll',
  scheduledpoll: 'poll',
  onevent: 'event',
  oncrmevent: 'event',
  crmevent: 'event',
  ontimeout: 'timeout',
};
/** What stands beside the name of a trigger there belongs into the trigger here. */
const OF_TRIGGER: readonly string[] = ['event', 'fields', 'cron', 'timezone', 'roles', 'input', 'record', 'run', 'schema'];

type Names = Readonly<Record<string, string>>;

/** Names that are the same there, but for capitals and what stands between words. */
function asHere(...names: string[]): Names {
  return Object.fromEntries(names.map((name) => [name, name]));
}

/** Returns a machine as definitions say it, from whatever of it is understood; never throws. */
export function understoodMachine(definition: JsonObject): JsonObject {
  const { module, integration, initialState, finalStates, states, transitions, ...rest } = renamed(definition, ROOT);
  const subject = module === undefined ? integration !== undefined && { for: { integration } } : { for: { module } };
  return {
    ...(rest.for === undefined && subject),
    ...rest,
    ...(states !== undefined && { states: each(states, (one) => stateOf(one, initialState, finalStates)) }),
    ...(transitions !== undefined && { transitions: inOrder(each(transitions, transitionOf)) }),
  };
}

function stateOf(json: Json, initialState: Json | undefined, finalStates: Json | undefined): Json {
  const { timeout, timeoutTransition, ...state } = renamed(isJsonObject(json) ? json : { code: json }, STATE);
  const isFinal = Array.isArray(finalStates) && finalStates.includes(state.code as Json);
  return {
    ...state,
    ...(initialState !== undefined && initialState === state.code && { initial: true }),
    ...(isFinal && { final: true }),
    ...timeoutOf(timeout, timeoutTransition),
  };
}

function timeoutOf(timeout: Json | undefined, transition: Json | undefined): JsonObject {
  if (timeout === undefined || timeout === null) return transition === undefined || transition === null ? {} : { timeout: { transition } };
  if (isJsonObject(timeout)) {
    const { hours, ...rest } = timeout;
    return { timeout: { ...rest, ...(hours !== undefined && { after: hoursAsDuration(hours) }) } };
  }
  return { timeout: { after: hoursAsDuration(timeout), ...(transition !== undefined && { transition }) } };
}

/** A number of hours, also as a text; a duration stays one. */
function hoursAsDuration(value: Json): Json {
  const hours = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof hours !== 'number' || !Number.isFinite(hours)) return value;
  return Number.isInteger(hours) ? `PT${hours}H` : `PT${Math.round(hours * 60)}M`;
}

function transitionOf(json: Json): Json {
  if (!isJsonObject(json)) return json;
  const { trigger, ...transition } = renamed(json, TRANSITION);
  if (isJsonObject(trigger)) return { ...transition, trigger: { ...trigger, type: triggerName(trigger.type ?? null) } };
  if (typeof trigger !== 'string') return { ...transition, ...(trigger !== undefined && { trigger }) };
  const type = triggerName(trigger);
  const beside = Object.entries(transition).filter(([name]) => OF_TRIGGER.includes(name));
  const rest = Object.entries(transition).filter(([name]) => !OF_TRIGGER.includes(name));
  const zone = type === 'poll' ? { timezone: 'UTC' } : {};
  return { ...Object.fromEntries(rest), trigger: { type, ...zone, ...Object.fromEntries(beside) } };
}

function triggerName(name: Json): Json {
  return typeof name === 'string' ? (known(TRIGGERS, plain(name)) ?? plain(name)) : name;
}

/** Transitions that say their place go there; it is the order of the list here. */
function inOrder(transitions: Json): Json {
  if (!Array.isArray(transitions)) return transitions;
  const placed = transitions.map((one) => {
    if (!isJsonObject(one)) return { one, order: 0 };
    const { order, ...rest } = one;
    return typeof order === 'number' ? { one: rest, order } : { one, order: 0 };
  });
  return placed.sort((first, second) => first.order - second.order).map(({ one }) => one);
}

function each(list: Json, change: (one: Json) => Json): Json {
  return Array.isArray(list) ? list.map(change) : list;
}

/** Members under the names that they have here; what goes by the right name already wins. */
function renamed(object: JsonObject, names: Names): JsonObject {
  const meantBy = (name: string): string | undefined => known(names, plain(name));
  const isSame = (name: string): boolean => {
    const meant = meantBy(name);
    return meant !== undefined && plain(meant) === plain(name);
  };
  // Of a `Code` and a `Name` the code is the code, in whichever order they stand.
  const taken = new Set(Object.keys(object).filter(isSame).map(meantBy));
  const entries = Object.entries(object).map(([name, value]): [string, Json | undefined] => {
    const meant = meantBy(name);
    const isOthers = meant === undefined || Object.hasOwn(object, meant) || (taken.has(meant) && !isSame(name));
    return [isOthers ? name : meant, value];
  });
  return Object.fromEntries(entries);
}

function known(names: Names, name: string): string | undefined {
  return Object.hasOwn(names, name) ? names[name] : undefined;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}
