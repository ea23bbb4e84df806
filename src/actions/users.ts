import type { NamedUsers } from '../core/catalog.js';
import type { Json } from '../core/json.js';
import type { CrmUser } from '../host/crm-host.js';
import { userUnknown } from '../host/session/refusals.js';
import type { LocalStep } from './action.js';
import { isKnown, recordGone } from './rules.js';

/** The active user with this id. Throws `user_unknown`. */
export async function requireUser(step: LocalStep, id: string): Promise<CrmUser> {
  const [user] = await step.crm.findUsers({ ids: [id] });
  if (!user) {
    throw userUnknown(id);
  }
  return user;
}

/** The id of the record's owner at this moment, earlier steps of the run included; null when it has none. Throws `record_not_found`. */
export async function currentOwner(step: LocalStep): Promise<string | null> {
  const field = step.module?.ownerField;
  if (!field || !step.record) {
    return null;
  }
  const record = await step.crm.get(step.record);
  if (!record) {
    throw recordGone(step.record);
  }
  return userId(record[field]);
}

/** Whoever caused the event, when that was a person. */
export function currentActor(step: LocalStep): string | null {
  return step.scope.actor.type === 'user' ? step.scope.actor.id : null;
}

/** A user's id as records hold it: CRMs number their users, too. */
export function userId(value: Json | undefined): string | null {
  return (typeof value === 'string' && value !== '') || typeof value === 'number' ? String(value) : null;
}

/** The users whom an argument names by their ids, one or several; of `words` and expressions only a run can tell who is meant. */
export function usersNamedIn(value: Json | undefined, path: string, words: readonly string[] = []): NamedUsers[] {
  const entries = (Array.isArray(value) ? value : [value]).map((id, index) => ({
    id,
    path: Array.isArray(value) ? `${path}[${index}]` : path,
  }));
  const users = entries.flatMap(({ id, path }) => (typeof id === 'string' && isKnown(id) && !words.includes(id) ? [{ id, path }] : []));
  return users.length === 0 ? [] : [{ users, others: users.length < entries.length }];
}
