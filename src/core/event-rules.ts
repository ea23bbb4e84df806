import type { EventRule, ModuleDescription } from './catalog.js';
import type { Problem } from './errors.js';
import { didYouMean } from './nearest.js';

const RULES: readonly EventRule['on'][] = ['created', 'updated', 'deleted', 'changed', 'custom'];

/** Returns a problem for each event of a module that could never happen, with its path in the description: `events.won`. */
export function eventRuleProblems({ name: module, events, fields }: ModuleDescription): Problem[] {
  const names = fields.map(({ name }) => name);
  return events.flatMap(({ name, rule }) => {
    const path = `events.${name}`;
    if (!RULES.includes(rule.on)) {
      return { path, message: `The event '${name}' of ${module} has no rule '${String(rule.on)}'. Rules are: ${RULES.join(', ')}.` };
    }
    if (rule.on !== 'changed' || names.includes(rule.field)) return [];
    const meant = didYouMean(rule.field, names);
    return { path, message: `The event '${name}' of ${module} is about the field '${rule.field}', which there is not.${meant}` };
  });
}
