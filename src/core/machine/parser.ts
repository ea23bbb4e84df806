import type { Catalog } from '../catalog.js';
import { compact, ObjectReader } from '../definition/object-reader.js';
import { contextOf, parseConditions } from '../definition/parser.js';
import { checkJson, ProblemList } from '../definition/problem-list.js';
import { parseRunSettings, type RunSettings } from '../definition/settings.js';
import { parseSteps } from '../definition/step-parser.js';
import { type DefinitionContext, MAX_STEPS } from '../definition/step-site.js';
import type { Problem } from '../errors.js';
import type { Json, JsonObject } from '../json.js';
import { didYouMean } from '../nearest.js';
import { referenceProblems } from '../secrets/secret-uses.js';
import { graphProblems } from './graph.js';
import { parseMachineTrigger } from './triggers.js';
import type { MachineDefinition, MachineStart, MachineState, MachineSubject, MachineTransition } from './types.js';

/** A machine, or all that is wrong with it. */
export type ParsedMachine = { ok: true; machine: MachineDefinition } | { ok: false; problems: Problem[] };

/** What codes of states and transitions look like. */
export const MACHINE_PART_CODE = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
export const MAX_STATES = 100;
export const MAX_TRANSITIONS = 200;
const LONGEST_TIMEOUT = 'P3650D';
const LONGEST_DESCRIPTION = 2_000;
const CODE = {
  max: 64,
  pattern: { regex: MACHINE_PART_CODE, wanted: 'made of letters, digits, "_" and "-", starting with a letter' },
};

/**
 * Reads the definition of a machine as people and programs write it, and fills in its defaults. Every problem is told with its
 * path (`transitions[2].steps[0].with.to`); against a catalog also what the CRM does not have, null checks the structure
 * alone. Never throws, whatever the JSON. The result shares values with `json`: treat both as read-only.
 */
export function parseMachine(json: unknown, catalog: Catalog | null): ParsedMachine {
  const problems = new ProblemList();
  const machine = checkJson(json as Json | undefined, '', problems) ? parseRoot(json, catalog, problems) : null;
  return machine && problems.empty ? { ok: true, machine } : { ok: false, problems: problems.toArray() };
}

/** What the parts of a machine are read against. */
interface MachineContext extends DefinitionContext {
  subject: MachineSubject | null;
}

function parseRoot(json: unknown, catalog: Catalog | null, problems: ProblemList): MachineDefinition | null {
  const reader = ObjectReader.open(json, '', problems, 'The definition of a machine');
  if (!reader) return null;
  const subject = parseSubject(reader, catalog);
  const about: MachineContext = { ...contextOf(subject && 'module' in subject ? subject.module : null, catalog, problems), subject };
  const start = parseStart(reader, about);
  const states = entries(reader, 'states', MAX_STATES, 'A state').map(parseState);
  const transitions = entries(reader, 'transitions', MAX_TRANSITIONS, 'A transition').map((one) => parseTransition(one, about));
  reader.finish();
  about.references.report();
  if (catalog) problems.addAll(referenceProblems(json as JsonObject, catalog.actions));
  if (problems.empty) problems.addAll(graphProblems({ states, transitions }));
  return { for: subject ?? { module: '' }, ...(start && { start }), states, transitions };
}

function parseSubject(root: ObjectReader, catalog: Catalog | null): MachineSubject | null {
  if (!root.has('for')) {
    root.problem('for', '"for" is missing: { "module": … } for the records of a module, { "integration": … } for the runs of one.');
    return null;
  }
  const reader = ObjectReader.open(root.raw('for'), 'for', root.problems, 'What a machine is for');
  if (!reader) return null;
  const [module, integration] = [reader.optionalText('module'), reader.optionalText('integration')];
  reader.finish();
  if (reader.has('module') === reader.has('integration')) {
    reader.problems.add('for', 'A machine is for the records of one "module" or for the runs of one "integration".');
    return null;
  }
  if (integration !== undefined) return { integration };
  if (module === undefined) return null;
  if (catalog && !catalog.modules.has(module)) {
    const names = [...catalog.modules.keys()];
    reader.problem('module', `There is no module "${module}".${didYouMean(module, names)} Modules are: ${names.join(', ')}.`);
  }
  return { module };
}

function parseStart(root: ObjectReader, about: MachineContext): MachineStart | undefined {
  const json = root.raw('start');
  if (json === undefined) return undefined;
  if (about.subject && 'integration' in about.subject) {
    root.problem('start', 'An instance of a machine for an integration is made when a run of it begins: there is nothing to say.');
    return undefined;
  }
  const reader = ObjectReader.open(json, 'start', root.problems, 'The start');
  if (!reader) return undefined;
  const trigger = parseTrigger(reader, about, true) as MachineStart['trigger'];
  const start = { trigger, ...parseConditions(reader, about) };
  reader.finish();
  return start;
}

function parseTrigger(reader: ObjectReader, { subject, catalog, problems }: MachineContext, isStart = false): MachineTransition['trigger'] {
  const json = reader.raw('trigger');
  if (json === undefined) {
    reader.problem('trigger', '"trigger" is missing.');
    return { type: 'timeout' };
  }
  const parsed = parseMachineTrigger(json, reader.at('trigger'), { subject, isStart }, catalog);
  problems.addAll(parsed.problems);
  return parsed.trigger;
}

/** The members of a list, each with a reader of its own. */
function entries(reader: ObjectReader, key: string, max: number, what: string): ObjectReader[] {
  const list = reader.list(key, { min: key === 'states' ? 1 : 0, max });
  return list.flatMap((json, index) => ObjectReader.open(json, `${key}[${index}]`, reader.problems, what) ?? []);
}

function parseState(reader: ObjectReader): MachineState {
  const code = reader.text('code', CODE);
  if (code === 'any') reader.problem('code', '"any" stands for all states that are not final: no state can be called so.');
  const state: MachineState = {
    code,
    description: reader.optionalText('description', { max: LONGEST_DESCRIPTION }),
    initial: reader.flag('initial', false) || undefined,
    final: reader.flag('final', false) || undefined,
    timeout: parseTimeout(reader),
  } as MachineState;
  reader.finish();
  return compact(state);
}

function parseTimeout(state: ObjectReader): MachineState['timeout'] {
  const json = state.raw('timeout');
  const reader = json === undefined ? null : ObjectReader.open(json, state.at('timeout'), state.problems, 'A timeout');
  if (!reader) return undefined;
  if (!reader.has('after')) reader.problem('after', '"after" is missing.');
  const after = reader.optionalDuration('after', LONGEST_TIMEOUT) ?? '';
  const transition = reader.text('transition', CODE);
  reader.finish();
  return { after, transition };
}

function parseTransition(reader: ObjectReader, about: MachineContext): MachineTransition {
  const transition = {
    code: reader.text('code', CODE),
    description: reader.optionalText('description', { max: LONGEST_DESCRIPTION }),
    from: parseFrom(reader),
    to: reader.text('to', CODE),
    trigger: parseTrigger(reader, about),
    ...parseConditions(reader, about),
    steps: parseSteps(reader.optionalList('steps', { min: 0, max: MAX_STEPS }) ?? [], reader.at('steps'), about),
    settings: parseTransitionSettings(reader),
    enabled: reader.flag('enabled', true),
  };
  reader.finish();
  return compact(transition as MachineTransition);
}

function parseFrom(reader: ObjectReader): MachineTransition['from'] {
  const from = reader.raw('from');
  if (from === 'any') return 'any';
  if (from === undefined) reader.problem('from', '"from" is missing: a state, a list of states, or "any" for all that are not final.');
  if (Array.isArray(from)) return reader.optionalTexts('from', { min: 1, max: MAX_STATES }) ?? [];
  return [reader.optionalText('from', CODE) ?? ''];
}

function parseTransitionSettings(transition: ObjectReader): RunSettings {
  const reader = ObjectReader.open(transition.raw('settings') ?? {}, transition.at('settings'), transition.problems, 'The settings');
  if (!reader) return parseTransitionSettings(new ObjectReader({}, transition.path, transition.problems));
  const settings = parseRunSettings(reader);
  reader.finish();
  return settings;
}
