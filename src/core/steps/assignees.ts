import type { StepSite } from '../definition/step-site.js';
import type { JsonObject } from '../json.js';
import type { Scope } from '../scope.js';
import { renderJson } from '../template/template.js';

const MOST_ASSIGNEES = 50;

/** The member, in a schema. */
export const ASSIGNEES: JsonObject = {
  type: 'array',
  items: { type: 'string' },
  minItems: 1,
  maxItems: MOST_ASSIGNEES,
  description: 'Ids of users, or expressions that yield them.',
};

/** Reads user ids, or expressions that yield them. */
export function readAssignees(site: StepSite): string[] | undefined {
  return site.templates(site.reader.optionalTexts('assignees', { min: 1, max: MOST_ASSIGNEES }), site.reader.at('assignees'));
}

/** The user ids that the assignees stand for, each once; an expression may yield none, one or a list. */
export function resolveAssignees(assignees: readonly string[], scope: Scope): string[] {
  const ids = assignees.flatMap((assignee) => renderJson(assignee, scope));
  return [...new Set(ids.filter((id) => id !== null && id !== '').map(String))];
}
