import type { Actor } from '../../../core/event.js';
import type { Json, JsonObject } from '../../../core/json.js';
import type { FormField } from '../../../core/people/form-field.js';
import type { LoggedError } from './errors.js';
import type { PersonName } from './me.js';

// What the API answers about what people are asked, as far as the page reads it.

export interface TaskItem {
  id: string;
  kind: 'approval' | 'form' | 'review' | 'hand_off';
  status: string;
  title: string;
  message: string | null;
  record: { module: string; id: string; title: string; url: string | null } | null;
  queue: string | null;
  assignee: PersonName | null;
  priority: string;
  createdAt: string;
  dueAt: string | null;
  isOverdue: boolean;
  expiresAt: string | null;
  finishedAt: string | null;
  votes: { approved: number; rejected: number; asked: number; needed: number | null } | null;
  may: { claim: boolean; release: boolean; complete: boolean };
  workflow: { id: string; name: string | null };
  runId: string;
  revision: number;
}

export interface TaskPage {
  items: TaskItem[];
  nextCursor: string | null;
}

export interface TaskCounts {
  mine: number;
  queues: number;
  overdue: number;
  all: number;
}

export interface CollectedAnswer {
  taskId: string;
  title: string;
  by: PersonName | null;
  at: string;
  decision: string | null;
  comment: string | null;
  values: { field: string; label: string; value: Json }[];
}

export interface TaskDetail extends TaskItem {
  fields: FormField[];
  shown: CollectedAnswer['values'];
  /** What people have answered in its run so far, oldest first. */
  collected: CollectedAnswer[];
  reasonRequired: boolean;
  people: (PersonName & {
    isAsked: boolean;
    isReplaced: boolean;
    decision: string | null;
    comment: string | null;
    decidedAt: string | null;
  })[];
  outcome: JsonObject | null;
  reason: LoggedError | null;
  history: { at: string; actor: Actor; action: string; note: string | null }[];
}
