import type { Actor } from '../../../core/event.js';
import type { Json, JsonObject } from '../../../core/json.js';
import type { EventItem } from './events.js';
import type { RunLook } from './runs.js';

// What the API answers about what happened to a record, as far as the page reads it.

export interface TimelineAuthor {
  workflowId: string;
  workflowName: string | null;
  runId: string;
  path: string | null;
}

type Changes = Record<string, { from: Json; to: Json }> | null;

export interface TimelineEvent {
  kind: 'event';
  at: string;
  event: EventItem;
  by: TimelineAuthor | null;
  changes: Changes;
  looks: RunLook[];
  moreLooks: number;
  inactive: { workflowId: string; workflowName: string; was: string; summary: string }[];
  silent: number | null;
}

export interface TimelineChange {
  kind: 'change';
  at: string;
  actor: Actor;
  by: TimelineAuthor;
  version: number;
  type: string;
  output: JsonObject | null;
  changes: Changes;
}

export interface Timeline {
  record: { module: string; id: string; title: string | null; url: string | null };
  items: (TimelineEvent | TimelineChange)[];
  nextCursor: string | null;
  eventsKeptSince: string;
  nothing: string | null;
}
