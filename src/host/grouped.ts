import { endsTransaction } from './postgres-errors.js';

/** Items by what `nameOf` says of them, in order of first appearance. */
export function grouped<Item>(items: readonly Item[], nameOf: (item: Item) => string): Item[][] {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const name = nameOf(item);
    const group = groups.get(name);
    if (group) group.push(item);
    else groups.set(name, [item]);
  }
  return [...groups.values()];
}

/**
 * Has `work` answer the calls of one group after the other, and puts the answers into the order of the calls. What fails
 * without Postgres having refused anything is answered to that group alone.
 */
export async function answeredInGroups<Call, Answer>(
  calls: readonly Call[],
  nameOf: (call: Call) => string,
  work: (group: readonly Call[], first: Call) => Promise<(Answer | Error)[]>,
): Promise<(Answer | Error)[]> {
  const answers = new Map<Call, Answer | Error>();
  for (const group of grouped(calls, nameOf)) {
    const results = await work(group, group[0] as Call).catch((error: unknown) => group.map(() => ownFailure(error)));
    group.forEach((call, at) => {
      answers.set(call, results[at] as Answer | Error);
    });
  }
  return calls.map((call) => answers.get(call) as Answer | Error);
}

/** Returns the error when the transaction goes on without what failed; throws it when nothing after it can succeed. */
export function ownFailure(error: unknown): Error {
  if (endsTransaction(error)) throw error;
  return error instanceof Error ? error : new Error(String(error));
}
