import type { ActionDescription } from '../catalog.js';
import { memberPath, ProblemList } from '../definition/problem-list.js';
import { sameJson } from '../derive-events.js';
import type { Problem } from '../errors.js';
import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { didYouMean } from '../nearest.js';
import { knownAddress, mayGoTo } from './secret-hosts.js';
import {
  claimsSecret,
  holdsPlace,
  isSecretReference,
  NO_PLACES,
  placeOf,
  REFERENCE,
  referenceProblem,
  type SecretPlaces,
} from './secret-reference.js';

type Actions = ReadonlyMap<string, Pick<ActionDescription, 'takesSecrets'>>;

/** One reference of a definition to a secret. */
export interface SecretUse {
  path: string;
  name: string;
  /** The addresses that it is sent to, as far as they are known before a run. */
  addresses: URL[];
}

/** A secret as far as definitions are held against it. */
export interface KnownSecret {
  name: string;
  hosts: readonly string[];
}

/** Every use of a secret in a definition, in the order in which it is written; of misplaced ones nothing. */
export function secretUses(definition: JsonObject, actions: Actions): SecretUse[] {
  const uses: SecretUse[] = [];
  eachReference(definition, actions, (path, value, place) => {
    const name = value[REFERENCE];
    if (place === null || typeof name !== 'string') return;
    const addresses = place.goesTo.flatMap((address) => knownAddress(at(place.args, address)) ?? []);
    uses.push({ path, name, addresses });
  });
  return uses;
}

/** References where none is taken, and such that are none. */
export function referenceProblems(definition: JsonObject, actions: Actions): Problem[] {
  const problems = new ProblemList();
  eachReference(definition, actions, (path, value, place) => {
    if (place === null) problems.add(path, MISPLACED);
    else {
      const problem = referenceProblem(value);
      if (problem !== null) problems.add(path, `This ${problem}.`);
    }
  });
  return problems.toArray();
}

/** Where a definition has settings: a workflow, and each transition of a machine. */
const SETTINGS_PATH = /^(transitions\[\d+\]\.)?settings$/;
/** Settings that are calls, and where these take a secret. */
const CALLBACKS: ReadonlySet<string> = new Set(['onSuccess', 'onFailure']);
const CALLBACK_PLACES: SecretPlaces = { secret: ['url'] };

/** Where a definition has a trigger. */
const TRIGGER_PATH = /^(transitions\[\d+\]\.)?trigger$/;
/** Where that of a URL takes a secret, which is sent nowhere: callers are checked by it. */
const TRIGGER_PLACES: SecretPlaces = { 'secret.value': [], 'signature.secret': [] };

const MISPLACED =
  'A secret cannot be used here: it would be kept in logs, or go where nobody meant it to go. Secrets are for headers, credentials and signatures of external actions and of trigger URLs.';

/** What keeps a definition from using its secrets: names that the workspace does not have, and hosts that they may not go to. */
export function secretUseProblems(uses: readonly SecretUse[], known: readonly KnownSecret[]): Problem[] {
  const names = known.map(({ name }) => name);
  return uses.flatMap(({ path, name, addresses }): Problem[] => {
    const secret = known.find((one) => one.name === name);
    if (!secret) return [{ path, message: `The workspace has no secret "${name}".${didYouMean(name, names)}` }];
    const refused = addresses.find((address) => !mayGoTo(secret.hosts, address));
    if (!refused) return [];
    const may = secret.hosts.length === 0 ? 'It may go nowhere.' : `It may go to: ${secret.hosts.join(', ')}.`;
    return [{ path, message: `The secret "${name}" must not be sent to ${refused.origin}. ${may}` }];
  });
}

/** The names of the secrets that the arguments of a step use, as its definition holds them: what a template brings in is refused. */
export function namedSecrets(args: JsonObject, places: SecretPlaces): string[] {
  const names = new Set<string>();
  const walk = (value: Json, path: readonly string[]): void => {
    if (placeOf(places, path) !== undefined && isSecretReference(value)) names.add(value[REFERENCE]);
    else if (isJsonObject(value) && holdsPlace(places, path)) {
      for (const [name, member = null] of Object.entries(value)) walk(member, [...path, name]);
    }
  };
  for (const [name, value = null] of Object.entries(args)) walk(value, [name]);
  return [...names];
}

/**
 * Paths at which rendered arguments name a secret that the definition does not name there: a template has brought it in, and
 * whoever writes records must not choose what is sent.
 */
export function strayReferences(rendered: JsonObject, written: JsonObject, places: SecretPlaces): string[] {
  const stray: string[] = [];
  const walk = (value: Json, before: Json | undefined, path: string[]): void => {
    if (claimsSecret(value)) {
      if (!claimsSecret(before) || !sameJson(value, before)) stray.push(path.join('.'));
    } else if (isJsonObject(value) && holdsPlace(places, path)) {
      for (const [name, member = null] of Object.entries(value)) walk(member, memberOf(before, name), [...path, name]);
    }
  };
  for (const [name, value = null] of Object.entries(rendered)) {
    if (placeOf(places, [name]) !== undefined || holdsPlace(places, [name])) walk(value, memberOf(written, name), [name]);
  }
  return stray;
}

/** Where a reference stands: the arguments that it is among, and those of them that say where it is sent. */
interface Place {
  goesTo: readonly string[];
  args: JsonObject;
}

/** Of an action that nobody knows its arguments are not looked at: it has a problem of its own. */
function eachReference(definition: JsonObject, actions: Actions, found: (path: string, value: JsonObject, place: Place | null) => void) {
  const walk = (value: Json, path: string): void => {
    if (Array.isArray(value)) {
      value.forEach((item, index) => {
        walk(item, `${path}[${index}]`);
      });
    } else if (claimsSecret(value)) found(path, value, null);
    else if (isJsonObject(value)) {
      const { type, with: args } = value;
      for (const [name, member = null] of Object.entries(value)) {
        const isCall = name === 'with' && typeof type === 'string' && isJsonObject(args);
        const here = memberPath(path, name);
        if (TRIGGER_PATH.test(here) && isJsonObject(member) && member.type === 'webhook') walkArguments(member, TRIGGER_PLACES, here);
        else if (CALLBACKS.has(name) && SETTINGS_PATH.test(path) && isJsonObject(member)) walkArguments(member, CALLBACK_PLACES, here);
        else if (!isCall) walk(member, here);
        else if (actions.has(type)) walkArguments(args, actions.get(type)?.takesSecrets ?? NO_PLACES, here);
      }
    }
  };
  const walkArguments = (args: JsonObject, places: SecretPlaces, path: string): void => {
    const inside = (value: Json, at: readonly string[], here: string): void => {
      const goesTo = places[placeOf(places, at) ?? ''];
      if (claimsSecret(value)) found(here, value, goesTo ? { goesTo, args } : null);
      else if (Array.isArray(value)) walk(value, here);
      else if (isJsonObject(value)) {
        for (const [member, one = null] of Object.entries(value)) inside(one, [...at, member], memberPath(here, member));
      }
    };
    for (const [name, value = null] of Object.entries(args)) inside(value, [name], memberPath(path, name));
  };
  walk(definition, '');
}

function at(args: JsonObject, path: string): Json | undefined {
  return path.split('.').reduce<Json | undefined>(memberOf, args);
}

function memberOf(value: Json | undefined, name: string): Json | undefined {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}
