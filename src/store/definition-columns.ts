// Definitions are stored twice: as jsonb, which finds and compares, and as json, which keeps the order of members as people
// have written them. These are the expressions that read them.

/**
 * The draft as it was sent, for a FROM that calls the workflows `w`. A process of the release before writes `draft` alone:
 * what was sent earlier is no longer the draft then.
 */
export const DRAFT = 'CASE WHEN w.draft_sent::jsonb = w.draft THEN w.draft_sent ELSE w.draft::json END';

/** The definition of a version as it was sent, for a FROM that calls the versions `v`; versions never change. */
export const DEFINITION = 'coalesce(v.definition_sent, v.definition::json)';
