import { isJsonObject, type JsonObject } from '../../core/json.js';
import { jsonBytes, toStorableJson } from '../../core/storable-json.js';

/** What one step may leave in the log, in bytes; the effect has happened, so a larger output is cut, not refused. */
const OUTPUT_BYTES = 256 * 1024;

/** An action's answer as the log keeps it. Never throws: a step that took effect must not fail because of its answer. */
export function storableOutput(output: unknown): JsonObject | null {
  if (output === undefined || output === null) return null;
  const json = toStorableJson(output);
  const object = isJsonObject(json) ? json : { value: json };
  const bytes = jsonBytes(object);
  return bytes <= OUTPUT_BYTES ? object : { truncated: true, bytes };
}
