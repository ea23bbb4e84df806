/** The end of hints about a mistake in the workflow itself: a run keeps the version that it began with, whatever is published. */
export const RETRY_CORRECTED =
  'Then publish the workflow and retry the run from the start with `version: newest`: a run keeps the version it began with.';
