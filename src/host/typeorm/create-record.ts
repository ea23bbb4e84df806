import type { ObjectLiteral } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { ModuleDescription } from '../../core/catalog.js';
import { AutomationError } from '../../core/errors.js';
import type { RecordData } from '../../core/event.js';
import type { JsonObject } from '../../core/json.js';
import type { CrmTransaction } from '../crm-host.js';
import { checkedPatch } from '../field-values.js';
import type { ClassRules } from './class-rules.js';
import { type Column, sqlType, toEntityValue } from './columns.js';
import { createRows } from './create-rows.js';
import type { EntityTable } from './entity-table.js';
import { setColumn } from './update-records.js';

/** Creates one record; see `createRecord` of the port. Listeners and subscribers of the host's run. */
export async function createRecord(
  tx: CrmTransaction,
  table: EntityTable,
  { description, rules }: { description: ModuleDescription; rules: ClassRules | null },
  set: JsonObject,
): Promise<RecordData> {
  const values = table.columnValues(checkedPatch(description, set));
  const entity = tx.manager.create(table.option.entity) as ObjectLiteral;
  for (const [column, value] of values) setColumn(entity, column, toEntityValue(table.dataSource, column, value));
  if (needsId(table, table.key)) setColumn(entity, table.key, uuidv7());
  const problems = (await rules?.ofNew(entity)) ?? [];
  if (problems.length > 0) {
    throw new AutomationError(
      'change_refused',
      `The CRM does not accept this record in ${description.name}: ${problems[0]?.path}: ${problems[0]?.message}`,
      {
        hint: "The rule is the CRM's own. Correct what the trigger sets, or what is sent to it.",
        problems: [...problems],
      },
    );
  }
  const [record] = await createRows(tx, table, () => entity, [entity]);
  return record as RecordData;
}

/** A key that neither the database nor a listener makes: what holds a uuid gets one. */
function needsId({ dataSource, metadata }: EntityTable, key: Column): boolean {
  const isMade = key.isGenerated || key.default !== undefined || metadata.beforeInsertListeners.length > 0;
  return !isMade && ['uuid', 'text', 'character varying'].includes(sqlType(dataSource, key));
}
