import type { EntityManager } from 'typeorm';
import { recordset, sql } from '../sql.js';

/** A record, and the machines that somebody asks about. */
export interface AskedStanding {
  workspaceId: string;
  module: string;
  recordId: string;
  codes: readonly string[];
}

/** Where a record stands in one machine. */
export interface StandingRow {
  workspaceId: string;
  module: string;
  recordId: string;
  code: string;
  state: string;
  enteredAt: Date;
  transition: string | null;
}

/** The states of records in the machines that are asked about; those without an instance are missing. Served by instances_of_record. */
export function loadStandings(manager: EntityManager, asked: readonly AskedStanding[]): Promise<StandingRow[]> {
  return sql<StandingRow>(
    manager,
    `SELECT DISTINCT i.workspace_id AS "workspaceId", i.module, i.record_id AS "recordId", w.code, i.state,
       i.entered_at AS "enteredAt", i.transition
     FROM json_to_recordset($1::json) AS a("workspaceId" text, module text, "recordId" text, codes jsonb)
     JOIN automation.instances i ON i.workspace_id = a."workspaceId" AND i.module = a.module AND i.record_id = a."recordId"
     JOIN automation.workflows w ON w.workspace_id = i.workspace_id AND w.id = i.machine_id AND a.codes ? w.code`,
    [recordset(asked)],
  );
}
