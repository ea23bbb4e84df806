import type { JsonObject } from '../json.js';

/** What every step has. */
export interface StepBase {
  /** Unique in the definition; letters, digits, `_` and `-`, starting with a letter. */
  id: string;
  name?: string;
  /**
   * What a final failure of this step, or of a step inside it, does to the run. `stop` (the default): the run fails.
   * `continue`: the run goes on behind this step.
   */
  onError?: 'stop' | 'continue';
  /** Values for `context.*` of later steps, by name: templates over all that the step saw, and its `output`. */
  extract?: JsonObject;
  /** The same for the workflow's own context, which outlives the run. Null takes a value away. */
  extractToContext?: JsonObject;
}

/** A step of whatever kind. The kinds themselves are listed in ./index.ts. */
export interface AnyStep extends StepBase {
  kind: string;
}

/** What ids of steps look like, and how long they may be. */
export const STEP_ID = /^[A-Za-z][A-Za-z0-9_-]*$/;
export const LONGEST_STEP_ID = 64;

/** The longest text that people read in a step: a question, the reason of a stop. In characters. */
export const LONG_TEXT = 2_000;
