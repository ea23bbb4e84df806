import type { Catalog } from '../catalog.js';
import type { Condition } from '../condition/tree.js';
import type { Problem } from '../errors.js';
import type { Json, JsonObject } from '../json.js';
import { referenceProblems } from '../secrets/secret-uses.js';
import { FLOW_STEP_TYPES } from '../steps/index.js';
import { walkSteps } from '../steps/tree.js';
import { MINUTE_MS } from '../time/zones.js';
import { moduleOfTrigger, triggerProblems } from '../trigger/trigger.js';
import { millisecondsOf, ObjectReader } from './object-reader.js';
import { checkJson, ProblemList } from './problem-list.js';
import { References } from './references.js';
import { runLengthProblems } from './run-length.js';
import { DEFAULT_SETTINGS, parseSettings, withSettingDefaults } from './settings.js';
import { parseSteps } from './step-parser.js';
import { checkCondition, type DefinitionContext, MAX_STEPS } from './step-site.js';
import type { Trigger, WorkflowDefinition } from './types.js';

export { MAX_PROBLEMS } from './problem-list.js';

/** A definition, or all that is wrong with it. */
export type ParsedDefinition = { ok: true; definition: WorkflowDefinition } | { ok: false; problems: Problem[] };

/**
 * Reads a definition as people and programs write it (steps carry `type` only) and fills in its defaults; parsed steps
 * carry `kind`. Every problem is told with its path (`steps[1].branches[0].when.operator`), {@link MAX_PROBLEMS} at the
 * most. Against a catalog it also checks modules, fields, events, operators, actions and their arguments; null checks
 * the structure alone, for reading stored versions. Never throws, whatever the JSON.
 *
 * The result shares values with `json`: treat both as read-only.
 */
export function parseDefinition(json: unknown, catalog: Catalog | null): ParsedDefinition {
  const problems = new ProblemList();
  // Whatever is nested absurdly deep is looked at no further.
  const definition = checkJson(json as Json | undefined, '', problems) ? parseRoot(json, catalog, problems) : null;
  return definition && problems.empty ? { ok: true, definition } : { ok: false, problems: problems.toArray() };
}

function parseRoot(json: unknown, catalog: Catalog | null, problems: ProblemList): WorkflowDefinition | null {
  const reader = ObjectReader.open(json, '', problems, 'A definition');
  if (!reader) return null;
  const trigger = parseTrigger(reader, catalog);
  const about = contextOf(moduleOfTrigger(trigger), catalog, problems);
  const conditions = parseConditions(reader, about);
  const steps = parseSteps(reader.list('steps', { min: 0, max: MAX_STEPS }), 'steps', about);
  // A stored version says what it was published with.
  const written = reader.raw('settings');
  const settings = parseSettings(catalog === null ? written : withSettingDefaults(json as JsonObject).settings, 'settings', problems);
  reader.finish();
  about.references.report();
  if (catalog) problems.addAll(referenceProblems(json as JsonObject, catalog.actions));
  return { trigger: withLists(trigger), ...conditions, steps, settings };
}

/** What the parts of a definition about records of this module are read against. */
export function contextOf(moduleName: string | null, catalog: Catalog | null, problems: ProblemList): DefinitionContext {
  const module = (moduleName !== null && catalog?.modules.get(moduleName)) || null;
  const references = new References(problems, module, catalog);
  return { problems, references, catalog, moduleName, module, flowTypes: FLOW_STEP_TYPES };
}

/** Reads the conditions of something that may happen. */
export function parseConditions(reader: ObjectReader, about: DefinitionContext): Pick<WorkflowDefinition, 'conditions'> {
  const conditions = reader.raw('conditions');
  if (conditions === undefined) return {};
  checkCondition(conditions, reader.at('conditions'), about, { visible: new Set(), loops: [] });
  return { conditions: conditions as unknown as Condition };
}

function parseTrigger(reader: ObjectReader, catalog: Catalog | null): Json | undefined {
  const trigger = reader.raw('trigger');
  if (trigger === undefined) reader.problem('trigger', '"trigger" is missing.');
  else reader.problems.addAll(triggerProblems(trigger, 'trigger', catalog));
  return trigger;
}

/** A checked trigger in one form: `from` and `to` may be written as one text or as a list. */
export function withLists(json: Json | undefined): Trigger {
  const trigger = json as unknown as Trigger;
  if (trigger?.type !== 'event') return trigger;
  const { from, to } = trigger;
  return { ...trigger, ...(from !== undefined && { from: [from].flat() }), ...(to !== undefined && { to: [to].flat() }) };
}

/** What this version of the library can run. */
export interface Executable {
  /** Kinds of steps: `action`, `branch`, … */
  kinds: ReadonlySet<string>;
  /** Types of triggers: `event`, … */
  triggers: ReadonlySet<string>;
  /** Kinds of steps that could be run, if the application had what is named. */
  lacking?: ReadonlyMap<string, string>;
  /** How long a run may take, in milliseconds, and how many items a loop may have, whatever a definition says. */
  longestRunMs: number;
  loopItems: number;
  /** What keeps an address from being called, as far as that is known without asking anybody; null: nothing. */
  refusedAddress?(url: string): Omit<Problem, 'path'> | null;
}

/**
 * What keeps a well-formed definition from being published: no steps, what this version cannot run yet, what is beyond the
 * installation's limits, and delays that no run outlasts. A draft may have it all the same.
 */
export function publishProblems(definition: WorkflowDefinition, executable: Executable): Problem[] {
  const problems: Problem[] = [];
  if (!executable.triggers.has(definition.trigger.type)) {
    problems.push({
      path: 'trigger.type',
      message: `Triggers of type "${definition.trigger.type}" cannot start runs in this version yet.`,
    });
  }
  if (definition.steps.length === 0) problems.push({ path: 'steps', message: 'A workflow needs at least one step to be published.' });
  for (const { step, jsonPath } of walkSteps(definition.steps)) {
    if (!executable.kinds.has(step.kind)) {
      problems.push({ path: `${jsonPath}.type`, message: `Steps of type "${step.kind}" cannot be run by this version yet.` });
    }
    const lack = executable.lacking?.get(step.kind);
    if (lack !== undefined) {
      problems.push({
        path: `${jsonPath}.type`,
        message: `Steps of type "${step.kind}" cannot be run here: the application lacks ${lack}.`,
      });
    }
    if (step.kind === 'for_each' && step.maxItems > executable.loopItems) {
      problems.push({ path: `${jsonPath}.maxItems`, message: `A loop may have ${executable.loopItems} items at the most here.` });
    }
  }
  const { maxDuration } = definition.settings;
  if (maxDuration !== DEFAULT_SETTINGS.maxDuration && Number(millisecondsOf(maxDuration)) > executable.longestRunMs) {
    const minutes = Math.floor(executable.longestRunMs / MINUTE_MS);
    problems.push({ path: 'settings.maxDuration', message: `A run may take ${minutes} minutes at the most here.` });
  }
  for (const name of ['onSuccess', 'onFailure'] as const) {
    const url = definition.settings[name]?.url;
    const refused = url === undefined ? null : executable.refusedAddress?.(url);
    if (refused) problems.push({ ...refused, path: `settings.${name}.url` });
  }
  return [...problems, ...runLengthProblems(definition, executable.longestRunMs)];
}
