import type { Actor } from '../../../core/event.js';
import type { JsonObject } from '../../../core/json.js';

// What the API answers about workflows, as far as the page reads it.

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

export interface Recipe {
  code: string;
  name: string;
  description: string;
  module: string | null;
  trigger: JsonObject | null;
  definition: JsonObject;
  problems: { path: string; message: string }[];
}

export interface WorkflowPage {
  items: WorkflowItem[];
  total: number;
  totalIsExact: boolean;
}

interface Performance {
  succeeded: number;
  failed: number;
  successRate: number | null;
  p50Ms: number | null;
  p95Ms: number | null;
}

export interface WorkflowStatistics {
  days: number;
  runs: Performance & { cancelled: number };
  byDay: { day: string; succeeded: number; failed: number; cancelled: number }[];
  steps: (Performance & { step: string })[];
  unfinished: { version: number; status: string; runs: number }[];
}

export interface WorkflowVersion {
  version: number;
  definition: JsonObject;
}
