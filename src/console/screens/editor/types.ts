import type { DefinitionDiff } from '../../../core/definition/diff.js';
import type { Actor } from '../../../core/event.js';
import type { JsonObject } from '../../../core/json.js';
import type { Problem, WorkflowItem } from '../../api/types.js';
import type { Version } from '../../parts/versions/version-list.js';

// What the API answers about one workflow, as far as the editor reads it.

export interface WorkflowDetail extends WorkflowItem {
  definition: JsonObject;
  problems: Problem[];
  warnings: (Problem & { code?: string })[];
  published: { version: number; definition: JsonObject; publishedAt: string; publishedBy: Actor; note: string | null } | null;
}

/** A version as the list of them shows it. */
export interface WorkflowVersionItem extends Version {
  unfinishedRuns: number;
}

export interface PublishPreview {
  revision: number;
  base: number | null;
  diff: DefinitionDiff | null;
  problems: Problem[];
  warnings: (Problem & { code: string; workflows: { id: string; name: string; step: string }[] })[];
  inFlight: { version: number; queued: number; running: number; waiting: number }[];
  matches: { days: number; events: number; published: number | null; draft: number; partial: boolean } | null;
}
