import type { Json } from '../json.js';
import { kindOfType, type Step } from '../steps/index.js';
import { type AnyStep, LONGEST_STEP_ID, STEP_ID, type StepBase } from '../steps/step.js';
import { ObjectReader } from './object-reader.js';
import { type DefinitionContext, MAX_NESTING, MAX_STEPS, type Place, StepSite } from './step-site.js';

/** Names that would be mistaken in paths, or that templates cannot reach. */
const RESERVED_IDS: ReadonlySet<string> = new Set(['otherwise', 'constructor', 'prototype']);

/** Reads the outermost list of steps, and with it the whole tree. */
export function parseSteps(json: readonly Json[], path: string, about: DefinitionContext): Step[] {
  let count = 0;

  function parseList(list: readonly Json[], listPath: string, place: Place): AnyStep[] {
    if (place.depth > MAX_NESTING) {
      about.problems.add(listPath, `Steps may be nested ${MAX_NESTING} levels deep at the most.`);
      about.references.giveUpOnUnknown();
      return [];
    }
    return list.flatMap((one, index) => parseStep(one, `${listPath}[${index}]`, place) ?? []);
  }

  function parseStep(one: Json, stepPath: string, place: Place): AnyStep | null {
    count += 1;
    if (count > MAX_STEPS) {
      about.problems.add(path, `A definition may have ${MAX_STEPS} steps at the most.`);
      about.references.giveUpOnUnknown();
      return null;
    }
    const reader = ObjectReader.open(one, stepPath, about.problems, 'A step');
    if (!reader) return null;
    const base = parseBase(reader, about);
    const type = parseType(reader);
    const kind = kindOfType(type);
    const executed = kind.executed !== false;
    const site = new StepSite(reader, base, type, executed, about, place, parseList);
    // A kind with an output of its own has something to extract from.
    if (executed) Object.assign(base, site.extraction());
    const step = type === '' ? null : kind.parse(site);
    // Which members belong to an unknown kind cannot be said; it may be a misspelt branch, with steps of its own.
    if (step) reader.finish();
    else about.references.giveUpOnUnknown();
    const output = step && about.catalog && kind.output(step, about.catalog);
    if (output) about.references.describe(base.id, output);
    if (kind.addressed) about.references.address(base.id, place.loops);
    if (executed) place.visible.add(base.id);
    for (const id of site.inner) place.visible.add(id);
    return step;
  }

  return parseList(json, path, { visible: new Set(), loops: [], depth: 1 }) as Step[];
}

function parseBase(reader: ObjectReader, about: DefinitionContext): StepBase {
  const id = reader.text('id', {
    max: LONGEST_STEP_ID,
    pattern: { regex: STEP_ID, wanted: 'made of letters, digits, "_" and "-", starting with a letter' },
  });
  const first = about.references.locate(id);
  if (RESERVED_IDS.has(id)) reader.problem('id', `"${id}" cannot be the id of a step.`);
  if (first !== undefined) reader.problem('id', `The id "${id}" is that of ${first} already.`);
  else if (id !== '') about.references.declare(id, reader.path);
  const name = reader.optionalText('name');
  return { id, ...(name !== undefined && { name }), onError: reader.choice('onError', ['stop', 'continue'], 'stop') };
}

/** Empty when it is missing or malformed. */
function parseType(reader: ObjectReader): string {
  return reader.text('type', {
    max: 100,
    pattern: { regex: /^[A-Za-z][\w.:-]*$/, wanted: 'the name of a step type or an action' },
  });
}
