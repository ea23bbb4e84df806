import type { ObjectReader } from '../definition/object-reader.js';
import type { StepSite } from '../definition/step-site.js';
import type { JsonObject } from '../json.js';
import type { Asked } from '../people/question.js';
import type { Scope } from '../scope.js';
import { renderJson } from '../template/template.js';

const MOST_ASSIGNEES = 50;
const LONGEST_NAME = 100;

/** Whom a step asks, as it is written. */
export interface Assigned {
  /** Ids of users, or expressions that yield them. */
  assignees?: string[];
  /** Everybody who has this role when the step's turn comes. */
  role?: string;
  /** A queue, of which whoever takes it. */
  queue?: string;
}

/** The members, in a schema. */
export const ASSIGNED: Readonly<Record<keyof Assigned, JsonObject>> = {
  assignees: {
    type: 'array',
    items: { type: 'string' },
    minItems: 1,
    maxItems: MOST_ASSIGNEES,
    'x-control': 'user',
    description: 'Ids of users, or expressions that yield them.',
  },
  role: {
    type: 'string',
    minLength: 1,
    maxLength: LONGEST_NAME,
    'x-control': 'role',
    description: 'Everybody who has this role when the step’s turn comes.',
  },
  queue: {
    type: 'string',
    minLength: 1,
    maxLength: LONGEST_NAME,
    'x-control': 'queue',
    description: 'The name of a queue: whoever of it takes the task.',
  },
};

/** At least one of them, in a schema. */
export const SOMEBODY: JsonObject = { anyOf: [{ required: ['assignees'] }, { required: ['role'] }, { required: ['queue'] }] };

/** A step that asks somebody else, in a schema. */
export const ESCALATION: (after: JsonObject) => JsonObject = (after) => ({
  type: 'object',
  properties: { after, ...ASSIGNED },
  required: ['after'],
  additionalProperties: false,
  description: 'Who is asked instead when nobody has answered after so long. They decide alone.',
  ...SOMEBODY,
});

/** Reads whom to ask; a problem when that can be nobody. */
export function readAssigned(site: StepSite, reader: ObjectReader, what: string): Assigned {
  const assignees = reader.optionalTexts('assignees', { min: 1, max: MOST_ASSIGNEES });
  site.templates(assignees, reader.at('assignees'));
  for (const [index, assignee] of (assignees ?? []).entries()) {
    site.about.references.ofUsers(assignee, `${reader.at('assignees')}[${index}]`);
  }
  const [role, queue] = [reader.optionalText('role', { max: LONGEST_NAME }), reader.optionalText('queue', { max: LONGEST_NAME })];
  if (!['assignees', 'role', 'queue'].some((key) => reader.has(key))) {
    reader.problems.add(reader.path, `${what} needs "assignees", a "role" or a "queue".`);
  }
  return { ...(assignees && { assignees }), ...(role !== undefined && { role }), ...(queue !== undefined && { queue }) };
}

/** Whom it names now: the user ids that the expressions yield, each once; an expression may yield none, one or a list. */
export function resolveAssigned({ assignees = [], role, queue }: Assigned, scope: Scope): Asked {
  const ids = assignees.flatMap((assignee) => renderJson(assignee, scope));
  const named = ids.filter((id) => id !== null && id !== '').map(String);
  return { assignees: [...new Set(named)], role: role ?? null, queue: queue ?? null };
}
