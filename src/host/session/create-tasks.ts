import type { RecordData } from '../../core/event.js';
import type { CrmHost, CrmTransaction, NewTask } from '../crm-host.js';
import type { ChangeRules } from './change-rules.js';
import type { StepAtWork } from './step-origin.js';

/** One call of `createTask`. */
export interface TaskCall {
  step: StepAtWork;
  task: NewTask;
}

/** Writes for many steps at once, and notes which of them have written. */
type Write = (calls: readonly TaskCall[], write: (some: readonly TaskCall[]) => Promise<RecordData[]>) => Promise<(RecordData | Error)[]>;

/** Creates the tasks that the rules do not refuse, and returns for each call its record, or why there is none. */
export async function createTasks(
  { host, rules }: { host: CrmHost; rules: ChangeRules },
  calls: readonly TaskCall[],
  tx: CrmTransaction,
  write: Write,
): Promise<(RecordData | Error)[]> {
  const tasks = calls.map(({ task }) => task);
  const refusals = await rules.taskRefusals(tx, tasks);
  const accepted = calls.filter((_, at) => !refusals[at]);
  const create = (some: readonly TaskCall[]): Promise<RecordData[]> =>
    host.createTasks(
      tx,
      some.map(({ task }) => task),
    );
  const written = accepted.length === 0 ? [] : await write(accepted, create);
  let next = 0;
  return refusals.map((refusal) => refusal ?? (written[next++] as RecordData | Error));
}
