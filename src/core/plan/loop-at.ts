import type { Loop } from './flow.js';
import type { RunHistory } from './history.js';
import { indexHistory } from './history-index.js';

/** Returns the item and the index of the innermost loop that a path stands in, as the loop has recorded its items; undefined outside of loops. */
export function loopAt({ executions, index: known }: Pick<RunHistory, 'executions' | 'index'>, path: string): Loop {
  const [, loop, number] = /^(.*)\[(\d+)\]\.[^[\]]*$/.exec(path) ?? [];
  if (loop === undefined) return undefined;
  const index = Number(number);
  const items = (known ?? indexHistory(executions)).get(loop)?.current?.output?.items;
  return { item: (Array.isArray(items) ? items[index] : undefined) ?? null, index };
}
