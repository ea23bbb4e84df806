import type { FieldType, OutputShape } from '../../core/catalog.js';
import type { Json, JsonObject } from '../../core/json.js';
import { type Catalog, isObject, moduleOf } from './catalog.js';
import { fieldWords, stepWords } from './definition-words.js';
import { getAt, isWithin, listAt, type Place } from './json-path.js';
import { placedSteps, stepLists } from './step-tree.js';
import { nameWords } from './words.js';

/** Something that templates and conditions can read. */
export interface Variable {
  /** As conditions write it; templates write it in braces. */
  path: string;
  label: string;
  type: string | null;
  group: string;
}

/** Returns what can be read at a place of a definition: the record, what was before, what steps before it have left, the run. */
export function variablesAt(definition: JsonObject, place: Place, module: string | null, catalog: Catalog): Variable[] {
  return [...recordVariables(module, catalog), ...stepVariables(definition, place, catalog), ...runVariables(definition, place)];
}

/** Returns the fields of the record, of what it is related to, and of the record before. */
export function recordVariables(name: string | null, catalog: Pick<Catalog, 'modules'>): Variable[] {
  const module = moduleOf(catalog, name);
  if (!module) return [];
  const own = module.fields.map(({ name: field, label, type }) => ({ path: field, label, type, group: 'Record' }));
  const related = module.relations.flatMap((relation) =>
    (moduleOf(catalog, relation.module)?.fields ?? []).map(({ name: field, type }) => ({
      path: `${relation.name}.${field}`,
      label: fieldWords(`${relation.name}.${field}`, name, catalog),
      type,
      group: nameWords(relation.name),
    })),
  );
  const before = own.map(({ path, label, type }) => ({ path: `previous.${path}`, label: `Previous › ${label}`, type, group: 'Previous' }));
  return [...own, ...related, ...before];
}

/** The outputs of the steps that are over whenever this place is reached. */
function stepVariables(definition: JsonObject, place: Place, catalog: Catalog): Variable[] {
  return stepsBefore(definition, place).flatMap((step) => {
    const name = stepWords(step, catalog);
    const shape = outputOf(step, catalog);
    return shapeVariables(shape, `steps.${String(step.id)}.output`, name);
  });
}

/** Returns the steps before a place that are on every way to it. */
export function stepsBefore(definition: JsonObject, place: Place): JsonObject[] {
  const before: JsonObject[] = [];
  for (const [depth, part] of place.entries()) {
    if (typeof part !== 'number') continue;
    const list = place.slice(0, depth);
    const last = list.at(-1);
    if (last !== 'steps' && last !== 'otherwise') continue;
    for (const one of listAt(definition, list).slice(0, part)) before.push(...overAfter(one));
  }
  return before.filter(({ id }) => typeof id === 'string' && id !== '');
}

/** A step whose output cannot be read at a place. */
export interface UnreadableStep {
  id: string;
  number: string;
  name: string;
  /** Why not. */
  reason: string;
}

/** Returns the steps whose output a place cannot read, each with the reason. */
export function unreadableSteps(definition: JsonObject, place: Place, catalog: Catalog): UnreadableStep[] {
  const readable = new Set(stepsBefore(definition, place));
  const steps = placedSteps(definition);
  const here = steps.findLastIndex((one) => isWithin(place, one.place));
  return steps.flatMap(({ step, place: at, number }, index) => {
    // Steps side by side leave nothing themselves.
    if (readable.has(step) || step.type === 'parallel' || typeof step.id !== 'string' || step.id === '' || index === here) return [];
    return [{ id: step.id, number, name: stepWords(step, catalog), reason: reasonOf(definition, at, place, index > here) }];
  });
}

/** Why what stands at one place cannot be read at another. */
function reasonOf(definition: JsonObject, at: Place, place: Place, isBehind: boolean): string {
  if (isWithin(place, at)) return 'This step is inside it: it is not over yet.';
  let around = at.findIndex((part, depth) => place[depth] !== part);
  // From the list that both are in to the step that has it.
  while (around > 0 && typeof at[around - 1] !== 'number') around -= 1;
  const holder = getAt(definition, at.slice(0, around));
  const type = isObject(holder) ? holder.type : undefined;
  if (type === 'parallel') return 'It runs beside this step, and may not be over.';
  if (type === 'branch') return 'It is on another way.';
  if (isBehind) return 'It comes behind this step.';
  const inLoop = at.some((part, depth) => typeof part === 'number' && isLoop(getAt(definition, at.slice(0, depth - 1)), at[depth - 1]));
  return inLoop ? 'It runs once for each item of its loop.' : 'Not every way to this step leads through it.';
}

/** A step, and those inside it that are over when it is: those of lanes side by side, not those of one way among several. */
function overAfter(step: Json): JsonObject[] {
  if (!isObject(step)) return [];
  const inside = step.type === 'parallel' && step.join !== 'any' ? stepLists(step).flatMap(({ steps }) => steps.flatMap(overAfter)) : [];
  return step.type === 'parallel' ? inside : [step];
}

const FLOW_OUTPUTS: Readonly<Record<string, OutputShape>> = {
  branch: { taken: 'text' },
  approval: { decision: 'text', comment: 'text', by: 'json', votes: 'json', expired: 'boolean' },
  for_each: { items: 'json', count: 'number' },
  wait_for_webhook: { body: 'json', headers: 'json', expired: 'boolean' },
  run_workflow: { runId: 'text' },
  delay: {},
};

function outputOf(step: JsonObject, catalog: Catalog): OutputShape | null {
  if (step.type === 'form') {
    const fields = listAt(step, ['fields']).filter(isObject);
    return { values: Object.fromEntries(fields.map(({ name }) => [String(name), 'json' as FieldType])) };
  }
  return FLOW_OUTPUTS[String(step.type)] ?? catalog.actions.find(({ type }) => type === step.type)?.output ?? null;
}

function shapeVariables(shape: OutputShape | null, path: string, group: string): Variable[] {
  if (shape === null) return [{ path, label: `${group} › output`, type: null, group }];
  return Object.entries(shape).flatMap(([name, type]) =>
    typeof type === 'string'
      ? [{ path: `${path}.${name}`, label: `${group} › ${nameWords(name)}`, type, group }]
      : shapeVariables(type, `${path}.${name}`, `${group} › ${nameWords(name)}`),
  );
}

function runVariables(definition: JsonObject, place: Place): Variable[] {
  const run = (path: string, label: string, type: string | null = 'text'): Variable => ({ path, label, type, group: 'Run' });
  const inLoop = place.some(
    (part, depth) => typeof part === 'number' && isLoop(getAt(definition, place.slice(0, depth - 1)), place[depth - 1]),
  );
  return [
    ...triggerVariables(definition),
    ...(inLoop ? [run('item', 'Item of the loop', null), run('index', 'Index of the item', 'number')] : []),
    run('actor.name', 'Actor › Name'),
    run('now', 'Now', 'datetime'),
    run('run.id', 'Run › Id'),
    run('workflow.name', 'Workflow › Name'),
  ];
}

function isLoop(holder: Json | undefined, member: string | number | undefined): boolean {
  return member === 'steps' && isObject(holder) && holder.type === 'for_each';
}

function triggerVariables({ trigger }: JsonObject): Variable[] {
  if (!isObject(trigger)) return [];
  const one = (path: string, label: string, type: string | null = null): Variable => ({ path, label, type, group: 'Trigger' });
  if (trigger.type === 'webhook')
    return [one('trigger.body', 'Trigger › Body'), one('trigger.headers', 'Trigger › Headers'), one('trigger.query', 'Trigger › Query')];
  if (trigger.type !== 'manual') return [];
  return listAt(trigger, ['input'])
    .filter(isObject)
    .map(({ name, label, type }) => one(`trigger.input.${String(name)}`, `Input › ${String(label ?? name)}`, String(type ?? 'text')));
}
