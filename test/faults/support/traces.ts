/**
 * Whether a death before this statement leaves just what one before the next would: it opens a transaction, sets its limits,
 * or only reads.
 */
export function leavesNoTrace(statement: string): boolean {
  if (/^(START|SET) /.test(statement)) return true;
  return /^\s*(SELECT|WITH)\b/.test(statement) && !/\b(INSERT INTO|UPDATE|DELETE FROM|set_config|pg_notify)\b/.test(statement);
}
