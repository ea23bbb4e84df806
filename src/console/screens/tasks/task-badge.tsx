import type { VNode } from 'preact';
import { useAsk } from '../../api/query.js';
import type { TaskCounts } from '../../api/types.js';
import { taskCount } from '../../model/task-count.js';

const EVERY_MS = 15_000;

/** How many tasks wait for the reader; nothing while there are none. */
export function TaskBadge(): VNode | null {
  const counts = useAsk<TaskCounts>('tasks/counts', { every: EVERY_MS });
  const mine = counts.data?.mine ?? 0;
  if (mine === 0) return null;
  return (
    <span class="side-badge">
      {taskCount(mine)}
      <span class="visually-hidden"> to do</span>
    </span>
  );
}
