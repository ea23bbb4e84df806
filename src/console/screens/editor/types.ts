import type { DefinitionDiff } from '../../../core/definition/diff.js';
import type { Actor } from '../../../core/event.js';
import type { JsonObject } from '../../../core/json.js';
import type { Problem, WorkflowItem } from '../../api/types.js';

// What the API answers about one workflow, as far as the editor reads it.

export interface WorkflowDetail extends WorkflowItem {
  definition: JsonObject;
  problems: Problem[];
  warnings: (Problem & { code?: string })[];
  published: { version: number; definition: JsonObject; publishedAt: string; publishedBy: Actor; note: string | null } | null;
}

export type Diff = DefinitionDiff & { from: number | null; to: number | null };

export interface Version {
  version: number;
  publishedAt: string;
  publishedBy: Actor;
  note: string | null;
  restoredFrom: number | null;
  isPublished: boolean;
  unfinishedRuns: number;
}

export interface PublishPreview {
  revision: number;
  base: number | null;
  diff: Diff | null;
  problems: Problem[];
  warnings: (Problem & { code: string; workflows: { id: string; name: string; step: string }[] })[];
  inFlight: { version: number; queued: number; running: number; waiting: number }[];
  matches: { days: number; events: number; published: number | null; draft: number; partial: boolean } | null;
}
