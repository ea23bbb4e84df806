import type { Actor } from '../event.js';
import { momentWords } from './moment.js';

/** One change of what a workflow is, as the audit log has it. */
export interface LifeEntry {
  /** ISO 8601. */
  at: string;
  /** `workflow.paused`, … */
  action: string;
  /** What it was from then on; null where the entry does not say. */
  status: string | null;
  actor: Actor;
  note: string | null;
}

/** What is known of a workflow's life. */
export interface WorkflowLife {
  /** Null: it is gone, and nobody has noted when it came. */
  createdAt: string | null;
  /** The newest changes, oldest first. */
  entries: readonly LifeEntry[];
  /** Whether these are all. */
  isWhole: boolean;
}

/** What a workflow was at a moment. */
export type Standing =
  | { kind: 'active' }
  /** `since`: the change that made it so, where that is known; `next`: when it was active again. */
  | { kind: 'paused' | 'draft' | 'archived' | 'deleted'; since: LifeEntry | null; next: LifeEntry | null }
  | { kind: 'unborn'; created: { at: string; actor: Actor | null } }
  | { kind: 'unknown' };

/** Returns what a workflow was at a moment, by what is known of its life. */
export function standingAt({ createdAt, entries, isWhole }: WorkflowLife, at: string): Standing {
  const told = entries.flatMap((entry) => {
    const status = statusOf(entry);
    return status === null ? [] : [{ entry, status }];
  });
  const before = told.filter(({ entry }) => entry.at <= at).at(-1);
  if (before?.status === 'active') return { kind: 'active' };
  const next = told.find(({ entry, status }) => entry.at > at && status === 'active')?.entry ?? null;
  if (before) return { kind: before.status, since: before.entry, next };
  if (createdAt !== null && createdAt > at) {
    return {
      kind: 'unborn',
      created: { at: createdAt, actor: entries.find(({ action }) => action === 'workflow.created')?.actor ?? null },
    };
  }
  return isWhole && createdAt !== null ? { kind: 'draft', since: null, next } : { kind: 'unknown' };
}

/** Returns why the workflow started nothing at that moment, in sentences; null where it was active or that is not known. */
export function inactiveWords(standing: Standing): string | null {
  switch (standing.kind) {
    case 'active':
    case 'unknown':
      return null;
    case 'unborn': {
      const { at, actor } = standing.created;
      return `It did not exist yet: it was created on ${momentWords(at)}${byWords(actor)}.`;
    }
    case 'deleted':
      return `It had been deleted${sinceWords(standing.since)}.`;
    case 'draft': {
      const { since, next } = standing;
      if (since?.action === 'workflow.unpublished')
        return `It was not published: it had been withdrawn${sinceWords(since)}.${againWords(next)}`;
      return `It was not published yet.${next === null ? '' : ` It was published on ${momentWords(next.at)}${byWords(next.actor)}, after the event.`}`;
    }
    default:
      return `It was ${standing.kind}${sinceWords(standing.since)}.${againWords(standing.next)}`;
  }
}

/** Returns by whom, as people are called. */
export function byWords(actor: Actor | null): string {
  if (actor === null) return '';
  return ` by ${actor.name ?? actor.id ?? 'the system'}`;
}

function sinceWords(since: LifeEntry | null): string {
  if (since === null) return '';
  const note = since.note === null ? '' : ` ("${since.note}")`;
  return `${byWords(since.actor)} on ${momentWords(since.at)}${note}`;
}

function againWords(next: LifeEntry | null): string {
  return next === null ? '' : ` It was active again from ${momentWords(next.at)} on.`;
}

type Known = 'active' | 'paused' | 'draft' | 'archived' | 'deleted';
const KNOWN: readonly string[] = ['active', 'paused', 'draft', 'archived'];
/** Of entries that do not say it. */
const BY_ACTION: ReadonlyMap<string, Known> = new Map([
  ['workflow.created', 'draft'],
  ['workflow.deleted', 'deleted'],
]);

function statusOf({ action, status }: LifeEntry): Known | null {
  if (status !== null && KNOWN.includes(status)) return status as Known;
  return BY_ACTION.get(action) ?? null;
}
