import { isJsonObject, type Json, type JsonObject } from '../core/json.js';
import type { FormFieldType } from '../core/people/form-field.js';
import type { TaskKind } from '../core/people/question.js';
import type { EarlierAnswer } from '../store/earlier-answers.js';

/** One value that somebody filled in. */
export interface CollectedValue {
  field: string;
  label: string;
  type: FormFieldType;
  /** A long text is cut, and ends in `…` then. */
  value: Json;
}

/** What people have answered in a run before: of forms the values, of approvals the decision. */
export interface CollectedAnswer {
  taskId: string;
  path: string;
  kind: TaskKind;
  title: string;
  by: { id: string; name: string } | null;
  at: string;
  decision: 'approved' | 'rejected' | null;
  comment: string | null;
  values: CollectedValue[];
}

/** Of how many tasks a page tells. */
export const MOST_COLLECTED = 20;
const LONGEST_TEXT = 1_000;

/**
 * Returns what an answer says to those who are asked next. It is what people have typed, and nothing else: what other steps
 * left (answers of servers, records) may hold what the CRM hides from them.
 */
export function collectedAnswer({ id, path, kind, title, fields, outcome, finishedAt }: EarlierAnswer): CollectedAnswer {
  const values = isJsonObject(outcome.values) ? outcome.values : {};
  return {
    taskId: id,
    path,
    kind,
    title,
    by: personOf(outcome),
    at: finishedAt.toISOString(),
    decision: outcome.decision === 'approved' || outcome.decision === 'rejected' ? outcome.decision : null,
    comment: typeof outcome.comment === 'string' ? outcome.comment : null,
    values: fields.map(({ name, label = name, type }) => ({ field: name, label, type, value: shortened(values[name] ?? null) })),
  };
}

function personOf({ by }: JsonObject): CollectedAnswer['by'] {
  return isJsonObject(by) && typeof by.id === 'string' && typeof by.name === 'string' ? { id: by.id, name: by.name } : null;
}

function shortened(value: Json): Json {
  return typeof value === 'string' && value.length > LONGEST_TEXT ? `${value.slice(0, LONGEST_TEXT)}…` : value;
}
