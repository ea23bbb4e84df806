import type { Actor } from '../../core/event.js';
import type { JsonObject } from '../../core/json.js';

// What the API answers, as far as the page reads it.

export type Permission = 'view' | 'operate' | 'manage' | 'tasks';

export interface Me {
  user: { id: string; name: string; roles: string[] };
  workspaceId: string;
  permissions: Permission[];
  timezone: string;
  features: { lookUps: { users: boolean; roles: boolean; records: boolean } };
  limits: { bulkRetry: number };
  retention: { runs: number; skippedRuns: number; events: number };
  version: string;
}

export type WorkflowStatus = 'draft' | 'active' | 'paused' | 'archived';

export interface WorkflowItem {
  id: string;
  code: string;
  name: string;
  description: string | null;
  status: WorkflowStatus;
  module: string | null;
  trigger: JsonObject | null;
  version: number | null;
  hasUnpublishedChanges: boolean;
  problemCount: number;
  runCount: number;
  lastRunAt: string | null;
  succeeded7d: number;
  failed7d: number;
  pausedBy: Actor | null;
  pausedReason: string | null;
  updatedBy: Actor | null;
  revision: number;
  createdAt: string;
  updatedAt: string;
}

export interface WorkflowPage {
  items: WorkflowItem[];
  total: number;
  totalIsExact: boolean;
}

export interface WorkflowStatistics {
  unfinished: { version: number; status: string; runs: number }[];
}
