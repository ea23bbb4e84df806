import { AutomationError, HostError } from './errors.js';
import type { Json, JsonObject } from './json.js';
import type { Scope } from './scope.js';
import type { StepBase } from './steps/step.js';
import { jsonBytes, toStorableJson } from './storable-json.js';
import { renderJson } from './template/template.js';

/** What a step that has succeeded has put into the contexts, as the history keeps it. */
export interface Extracted {
  /** For the rest of the run: what its `extract` says. */
  run?: JsonObject;
  /** For this run and all later ones of the workflow: what its `extractToContext` says. Null takes the value away. */
  workflow?: JsonObject;
}

/** What names in a context look like: templates reach them without brackets. */
export const CONTEXT_KEY = /^[A-Za-z_][\w-]{0,63}$/;
export const CONTEXT_KEY_WANTED =
  'A name in a context is made of letters, digits, "_" and "-", 64 at the most, and starts with a letter or "_".';
/** How much a workflow's context holds, names and values as JSON; and how much one step may put into its run's. */
export const CONTEXT_BYTES = 64 * 1024;
/** How many values one step may extract into each. */
export const MOST_EXTRACTED = 50;
/** The variable that only extraction has: what the step has left. */
export const OUTPUT_ROOT: readonly string[] = ['output'];

/** What extraction sees: as the step did, and its output. */
export type ExtractionScope = Scope & { output: JsonObject | null };

/** Does the step put anything into a context? */
export function extracts({ extract, extractToContext }: StepBase): boolean {
  return extract !== undefined || extractToContext !== undefined;
}

/**
 * Returns what the step puts into the contexts. `workflowValues`: those of the workflow as the run sees them. Throws
 * `extract_failed` with the name of the value that cannot be taken, `context_too_large`.
 */
export function extractFrom(step: StepBase, scope: ExtractionScope, workflowValues: JsonObject): Extracted {
  const { extract, extractToContext } = step;
  const extracted: Extracted = {};
  if (extract !== undefined) {
    extracted.run = rendered(step, 'extract', extract, scope);
    if (jsonBytes(extracted.run) > CONTEXT_BYTES) {
      throw new AutomationError('context_too_large', `What step "${step.id}" extracts takes more than ${CONTEXT_BYTES / 1024} KB.`, {
        hint: 'Extract the members that later steps need; `steps.<id>.output` holds the rest.',
      });
    }
  }
  if (extractToContext !== undefined) {
    extracted.workflow = rendered(step, 'extractToContext', extractToContext, scope);
    if (contextBytes(patched(workflowValues, extracted.workflow)) > CONTEXT_BYTES) throw contextTooLarge(step);
  }
  return extracted;
}

/** The error for a step whose values no longer fit beside the others of its workflow. */
export function contextTooLarge({ id }: Pick<StepBase, 'id'>): AutomationError {
  return new AutomationError(
    'context_too_large',
    `With what step "${id}" extracts, the workflow's context would hold more than ${CONTEXT_BYTES / 1024} KB.`,
    { hint: 'Extract less, or take values away that are not needed any more: PATCH workflows/:id/context with null.' },
  );
}

/** Returns how much of {@link CONTEXT_BYTES} these values take. */
export function contextBytes(values: JsonObject): number {
  return Object.entries(values).reduce((bytes, [key, value = null]) => bytes + key.length + jsonBytes(value), 0);
}

/** Returns the values with a patch applied: null takes a value away. */
export function patched(values: JsonObject, patch: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries({ ...values, ...patch }).filter(([key, value]) => value !== null || !Object.hasOwn(patch, key)));
}

function rendered(step: StepBase, member: 'extract' | 'extractToContext', values: JsonObject, scope: ExtractionScope): JsonObject {
  const entries = Object.entries(values).map(([key, value = null]): [string, Json] => {
    try {
      return [key, toStorableJson(renderJson(value, scope, { locals: OUTPUT_ROOT }))];
    } catch (error) {
      throw failed(step, `${member}.${key}`, error as AutomationError);
    }
  });
  return Object.fromEntries(entries);
}

function failed({ id }: StepBase, path: string, cause: AutomationError): AutomationError {
  return new HostError('extract_failed', `Step "${id}" did what it does, but "${path}" cannot be taken from it: ${cause.message}`, {
    hint: cause.hint,
    details: { ...cause.details, member: path },
    problems: [{ path, message: cause.message }],
    cause,
  });
}
