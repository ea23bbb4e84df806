import type { VNode } from 'preact';
import { exactTime, relativeTime } from '../../model/time.js';
import { Status } from '../../ui/status.js';
import { useNow, useZone } from '../../ui/time.js';

/** When a task is due: how long it has, or how late it is. */
export function Due({
  task: { dueAt, isOverdue },
  inline,
}: {
  task: { dueAt: string | null; isOverdue: boolean };
  inline?: boolean;
}): VNode {
  const [now, zone] = [useNow(), useZone()];
  if (dueAt === null) return <span class="quiet">no date</span>;
  const moment = new Date(dueAt);
  const relative = relativeTime(moment, now);
  return (
    <time datetime={dueAt} class={inline ? 'time-inline' : 'time'}>
      {isOverdue ? (
        <Status status="overdue" word={relative ? `late by ${relative.replace(' ago', '')}` : 'overdue'} />
      ) : (
        <span class="time-relative">
          {inline && 'due '}
          {relative ?? 'later'}
        </span>
      )}{' '}
      <span class="time-exact">{exactTime(moment, zone)}</span>
    </time>
  );
}
