import type { Explanation } from '../../../../core/condition/explanation.js';
import type { JsonObject } from '../../../../core/json.js';
import type { Would } from '../../../model/would-words.js';

// What `POST workflows/:id/test` answers, as far as the dialog reads it.

export interface TestedStep {
  path: string;
  attempt: number;
  name: string | null;
  type: string;
  status: string;
  input: JsonObject | null;
  output: JsonObject | null;
  error: { code: string; message: string; hint?: string } | null;
  startedAt: string;
  /** Nobody knows its output before it has run. */
  isSample: boolean;
  until: string | null;
  would: Would[];
}

export interface Tested {
  start: {
    starts: boolean;
    reason: string | null;
    rule: string | null;
    trigger: { matched: boolean; reason: string | null };
    conditions: Explanation | null;
  };
  steps: TestedStep[];
  moreSteps: number;
  outcome: JsonObject & { status: string };
  endsAt: string;
}
