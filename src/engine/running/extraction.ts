import { contextTooLarge, type Extracted, extractFrom, extracts } from '../../core/extract.js';
import type { JsonObject } from '../../core/json.js';
import type { Scope } from '../../core/scope.js';
import type { Step } from '../../core/steps/index.js';
import type { HeldRun } from './held-run.js';
import { stableUuids } from './stable-uuids.js';

/**
 * Returns what a step that has succeeded puts into the contexts; null for one that puts nothing. Throws `extract_failed`,
 * `context_too_large`.
 */
export function extractedBy(
  run: HeldRun,
  { step, path }: { step: Step; path: string },
  scope: Scope,
  output: JsonObject | null,
): Extracted | null {
  if (!extracts(step)) return null;
  // Ids of its own, whatever the arguments have read.
  const seen = { ...scope, output, uuid: stableUuids(run.id, `${path}#extract`) };
  const extracted = extractFrom(step, seen, run.contextAt(path).workflow);
  const adds = Object.values(extracted.workflow ?? {}).some((value) => value !== null);
  if (adds && run.isContextFull) throw contextTooLarge(step);
  return extracted;
}
