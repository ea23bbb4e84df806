import type { ModuleDescription } from '../../core/catalog.js';
import { AutomationError } from '../../core/errors.js';
import type { RecordData } from '../../core/event.js';
import type { JsonObject } from '../../core/json.js';
import type { CrmHost, CrmTransaction } from '../crm-host.js';
import { checkedPatch } from '../field-values.js';
import type { ChangeRules } from './change-rules.js';

/** Creates one record that the rules do not refuse: those that a change of all its fields would meet. */
export async function createRecord(
  { host, rules }: { host: CrmHost; rules: ChangeRules },
  tx: CrmTransaction,
  module: ModuleDescription,
  set: JsonObject,
  timezone: string | undefined,
): Promise<RecordData> {
  if (!host.createRecord) {
    throw new AutomationError('record_required', `This CRM creates no records in ${module.name} for workflows.`, {
      hint: 'Its developers have to give the CrmHost the method `createRecord`.',
    });
  }
  const after = checkedPatch(module, set, timezone);
  const [refusal] = await rules.refusals(tx, module, [{ before: {}, after, fields: Object.keys(after) }]);
  if (refusal) throw refusal;
  return host.createRecord(tx, module.name, after);
}
