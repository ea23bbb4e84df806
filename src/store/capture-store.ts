import type { EntityManager } from 'typeorm';
import { sql } from './sql.js';

/** A trigger of ours on one of the host's tables. */
export interface InstalledTrigger {
  /** Its function's name. */
  name: string;
  /** What its function was made from. */
  fingerprint: string | null;
  /** The table, in the ways in which it may be written. */
  tables: string[];
  /** What removes it. */
  drop: string;
}

/** Returns the triggers that write into `automation.events`. */
export async function installedTriggers(manager: EntityManager): Promise<InstalledTrigger[]> {
  return sql<InstalledTrigger>(
    manager,
    `SELECT p.proname AS name, obj_description(p.oid, 'pg_proc') AS fingerprint,
       ARRAY[format('%I.%I', n.nspname, c.relname), format('"%s"', replace(c.relname, '"', '""')),
         format('"%s"."%s"', replace(n.nspname, '"', '""'), replace(c.relname, '"', '""'))] AS tables,
       format('DROP FUNCTION automation.%I() CASCADE', p.proname) AS drop
     FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE p.pronamespace = 'automation'::regnamespace AND p.proname LIKE 'capture\\_%' AND t.tgenabled <> 'D' AND t.tgparentid = 0`,
  );
}

/** Runs statements that change tables of the host's: all or none, one process at a time, and not for ever behind a writer. */
export async function runTogether(manager: EntityManager, statements: readonly string[]): Promise<void> {
  await manager.transaction(async (tx) => {
    await sql(tx, "SELECT set_config('lock_timeout', '5s', true), pg_advisory_xact_lock(hashtextextended('automation capture', 0))");
    for (const statement of statements) await sql(tx, statement);
  });
}
