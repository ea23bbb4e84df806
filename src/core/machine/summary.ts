import { isJsonObject, type Json, type JsonObject } from '../json.js';

/** What lists show of a machine; also of a draft that may be anything. */
export interface MachineSummary extends JsonObject {
  type: 'machine';
  /** `{ module }` or `{ integration }`; null where the draft does not say. */
  for: JsonObject | null;
  initialState: string | null;
}

/** Returns what lists show of a machine. */
export function summaryOf({ for: subject, states }: JsonObject): MachineSummary {
  const initial = Array.isArray(states) ? states.filter(isJsonObject).find((state) => state.initial === true) : undefined;
  return { type: 'machine', for: subjectOf(subject), initialState: typeof initial?.code === 'string' ? initial.code : null };
}

function subjectOf(subject: Json | undefined): JsonObject | null {
  if (!isJsonObject(subject)) return null;
  const { module, integration } = subject;
  if (typeof module === 'string') return { module };
  return typeof integration === 'string' ? { integration } : null;
}
