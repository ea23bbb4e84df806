import type { Explanation } from '../../../core/condition/explanation.js';
import type { EventItem, EventRecord } from './events.js';
import type { RunItem, RunLook } from './runs.js';

// What the API answers about why something started or did not, as far as the page reads it.

export interface Rung {
  rung: string;
  result: 'yes' | 'no' | 'not_reached' | 'unknown';
  sentence: string | null;
  explanation: Explanation | null;
}

export interface ExplainedEvent {
  workflowName: string | null;
  version: number | null;
  answer: string;
  nearestMiss: { sentence: string } | null;
  rungs: Rung[];
  runId: string | null;
  lastRunId: string | null;
}

export interface SearchResult {
  run: RunItem | null;
  event: EventItem | null;
  workflows: { id: string; code: string; name: string; status: string | null }[];
  records: { module: string; id: string; title: string | null }[];
  note: string | null;
}

export interface EventDetail extends EventRecord {
  runs: RunLook[];
}

export interface ReplayResult {
  workflows: { workflowId: string; workflowName: string; verdict: 'starts' | 'ran' | 'refused'; reason: string | null }[];
}
