import type { Json, JsonObject } from '../../core/json.js';
import { nameWords } from './words.js';

const DEFINITION = ['created', 'updated', 'published', 'discarded', 'url_created', 'url_rotated', 'deleted'];
/** What is written of each kind of thing. */
const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  workflow: [...DEFINITION, 'activated', 'paused', 'unpublished', 'archived', 'restored', 'started', 'context_changed'],
  machine: [...DEFINITION, 'enabled', 'disabled', 'migrated', 'instances_created'],
  instance: ['advanced', 'reset', 'deletion_begun', 'deleted'],
  run: ['retried', 'cancelled'],
  event: ['replayed'],
  task: ['claimed', 'released', 'reassigned', 'commented', 'completed', 'decided', 'escalated', 'not_escalated'],
  queue: ['created', 'updated', 'deleted'],
  secret: ['created', 'changed', 'deleted'],
  integration: ['created', 'updated', 'deleted'],
};

/** The kinds of things whose changes are kept. */
export const AUDITED = Object.keys(ACTIONS);

/** Returns what can have been done to this kind of thing: `workflow.published`, … */
export function actionsOn(thing: string): string[] {
  return (ACTIONS[thing] ?? []).map((action) => `${thing}.${action}`);
}

/** Actions whose own words would not make a sentence. */
const WORDS: Readonly<Record<string, string>> = {
  context_changed: 'Changed what is remembered by',
  deletion_begun: 'Began to delete',
  discarded: 'Gave up the draft of',
  instances_created: 'Began instances of',
  not_escalated: 'Could not escalate',
  url_created: 'Made the URL of',
  url_rotated: 'Replaced the URL of',
};

/** Returns an action in words: `workflow.published` is `Published a workflow`. */
export function auditWords(action: string): string {
  const [kind = '', did = action] = action.split('.');
  const thing = kind === 'machine' ? 'state machine' : kind;
  return `${WORDS[did] ?? nameWords(did)} ${/^[aeiou]/.test(thing) ? 'an' : 'a'} ${thing}`;
}

/** Returns what is other after a change, by its member: of what was not there before, or is not any more, null. */
export function changedMembers(before: JsonObject | null, after: JsonObject | null): [name: string, was: Json, is: Json][] {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  return names
    .map((name): [string, Json, Json] => [name, before?.[name] ?? null, after?.[name] ?? null])
    .filter(([, was, is]) => JSON.stringify(was) !== JSON.stringify(is));
}
