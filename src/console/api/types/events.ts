import type { Actor, Cause } from '../../../core/event.js';
import type { Json, JsonObject } from '../../../core/json.js';
import type { LoggedError } from './errors.js';

// What the API answers about events, as far as the page reads it.

export interface EventRecord extends EventItem {
  record: JsonObject | null;
  previous: JsonObject | null;
  changes: Record<string, { from: Json; to: Json }> | null;
  cut: string[] | null;
  cause: Cause | null;
  trigger: JsonObject | null;
}

export interface EventItem {
  id: string;
  module: string | null;
  event: string;
  recordId: string | null;
  actor: Actor;
  source: string;
  occurredAt: string;
  routedAt: string | null;
  error: LoggedError | null;
}
