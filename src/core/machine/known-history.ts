import type { Catalog } from '../catalog.js';
import { knownExplanation } from '../condition/known-explanation.js';
import { isJsonObject, type Json } from '../json.js';

/**
 * Returns the explanation in the history of an instance without the values of fields that the host has hidden since: those of
 * transitions that were asked and did not fire, and of the one that fired.
 */
export function knownHistory(catalog: Catalog, module: string | null, explanation: Json): Json {
  const known = (reason: Json): Json =>
    isJsonObject(reason) ? { ...reason, explanation: knownExplanation(catalog, module, reason.explanation ?? null) } : reason;
  if (Array.isArray(explanation)) return explanation.map(known);
  if (!isJsonObject(explanation)) return explanation;
  const { conditions, notFired } = explanation;
  return {
    ...explanation,
    ...(conditions !== undefined && { conditions: knownExplanation(catalog, module, conditions) }),
    ...(Array.isArray(notFired) && { notFired: notFired.map(known) }),
  };
}
