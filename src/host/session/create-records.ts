import type { ModuleDescription } from '../../core/catalog.js';
import type { RecordData } from '../../core/event.js';
import type { Json, JsonObject } from '../../core/json.js';
import type { CrmHost, CrmTransaction, NewNote } from '../crm-host.js';
import { checkedPatch } from '../field-values.js';
import type { ChangeRules } from './change-rules.js';
import { crmUnable } from './refusals.js';
import type { StepAtWork } from './step-origin.js';

/** One call of `createRecord`. */
export interface CreateCall {
  step: StepAtWork;
  module: string;
  set: JsonObject;
}

/** One call of `addNote`. */
export interface NoteCall {
  step: StepAtWork;
  note: NewNote;
}

/** Writes for many steps at once, and notes which of them have written. */
type Write<Call> = (calls: readonly Call[], write: (some: readonly Call[]) => Promise<RecordData[]>) => Promise<(RecordData | Error)[]>;

/** Creates records of one module that the rules do not refuse: those that a change of all their fields would meet. */
export async function createRecords(
  { host, rules }: { host: CrmHost; rules: ChangeRules },
  calls: readonly CreateCall[],
  tx: CrmTransaction,
  module: ModuleDescription,
  write: Write<CreateCall & { after: Record<string, Json> }>,
): Promise<(RecordData | Error)[]> {
  if (!host.createRecord) {
    throw crmUnable(`This CRM creates no records in ${module.name} for workflows.`, 'createRecord');
  }
  const create = host.createRecord.bind(host);
  const results: (RecordData | Error)[] = [];
  const fit: (CreateCall & { after: Record<string, Json>; at: number })[] = [];
  for (const [at, call] of calls.entries()) {
    try {
      fit.push({ ...call, after: checkedPatch(module, call.set, call.step.origin.timezone), at });
    } catch (error) {
      results[at] = error as Error;
    }
  }
  const changes = fit.map(({ after }) => ({ before: {}, after, fields: Object.keys(after) }));
  const refusals = await rules.refusals(tx, module, changes);
  const accepted = fit.filter(({ at }, index) => {
    const refusal = refusals[index];
    if (refusal) results[at] = refusal;
    return !refusal;
  });
  const written =
    accepted.length === 0 ? [] : await write(accepted, (some) => oneByOne(some, ({ after }) => create(tx, module.name, after)));
  for (const [index, { at }] of accepted.entries()) results[at] = written[index] as RecordData | Error;
  return results;
}

/** A record may have rules and listeners of its own, so each is a statement. */
async function oneByOne<Item>(items: readonly Item[], create: (item: Item) => Promise<RecordData>): Promise<RecordData[]> {
  const records: RecordData[] = [];
  for (const item of items) records.push(await create(item));
  return records;
}
