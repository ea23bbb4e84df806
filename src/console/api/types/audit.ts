import type { Actor } from '../../../core/event.js';
import type { JsonObject } from '../../../core/json.js';

// What the API answers about who changed what, as far as the page reads it.

export interface AuditItem {
  id: string;
  at: string;
  actor: Actor;
  action: string;
  target: { type: string; id: string; workflowId: string | null; workflowName: string | null };
  before: JsonObject | null;
  after: JsonObject | null;
  note: string | null;
}

export interface AuditPage {
  items: AuditItem[];
  nextCursor: string | null;
}
