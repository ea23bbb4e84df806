/**
 * Which release writes: raised with each change of the schema that processes of the release before would get wrong. The
 * database then refuses their claims (see the migration of that change); they go on capturing and serving, and finish what
 * they hold.
 */
export const RELEASE = 2;

/** SQLSTATE with which the database refuses a claim by a process of an older release. */
export const RELEASE_TOO_OLD = 'AU001';
