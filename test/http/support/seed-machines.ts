import { v7 as uuidv7 } from 'uuid';
import type { AutomationDatabase } from '../../../src/store/database.js';

/** The row of an enabled machine, with the row of its version 1; answers its id, which is that of the version, too. */
export async function seedMachine(
  database: AutomationDatabase,
  { code, workspace_id = 'acme', definition = {} }: { code: string; workspace_id?: string; definition?: object },
): Promise<string> {
  const id = uuidv7();
  await database.dataSource.query(
    `INSERT INTO automation.workflows (workspace_id, id, kind, code, name, draft, problems, trigger, status, published_version_id, published_version)
     VALUES ($1, $2, 'machine', $3, $3, $4, '[]', '{}', 'active', $2, 1)`,
    [workspace_id, id, code, definition],
  );
  await database.dataSource.query(
    `INSERT INTO automation.workflow_versions (workspace_id, id, workflow_id, version, definition, published_by)
     VALUES ($1, $2, $2, 1, $3, '{"type": "user", "id": "u-admin"}')`,
    [workspace_id, id, definition],
  );
  return id;
}

/** An instance of a machine from {@link seedMachine} for a lead; answers its id. */
export async function seedInstance(
  database: AutomationDatabase,
  values: Record<string, unknown> & { machine_id: string; record_id: string; state: string },
): Promise<string> {
  const row = { workspace_id: 'acme', id: uuidv7(), version_id: values.machine_id, module: 'leads', is_final: false, ...values };
  const names = Object.keys(row);
  await database.dataSource.query(
    `INSERT INTO automation.instances (${names.join(', ')}) VALUES (${names.map((_, index) => `$${index + 1}`).join(', ')})`,
    Object.values(row),
  );
  return row.id;
}
