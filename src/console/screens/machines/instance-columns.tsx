import type { ComponentChildren } from 'preact';
import { RecordName } from '../../parts/runs/record-name.js';
import { type Choice, choiceColumn } from '../../ui/choice.js';
import { Mark } from '../../ui/status.js';
import type { Column } from '../../ui/table.js';
import { Time, Took } from '../../ui/time.js';
import type { InstanceItem } from './types.js';

/** Returns the columns of a list of instances. `choice`: null where the reader may do nothing with them. */
export function instanceColumns(choice: Choice | null): Column<InstanceItem>[] {
  return [
    ...(choice ? [choiceColumn<InstanceItem>(choice, nameOf)] : []),
    {
      id: 'record',
      label: 'Record',
      narrow: 'title',
      cell: (item) => (
        <>
          <a class="cell-main" href={`instances/${item.id}`}>
            {nameOf(item)}
          </a>
          <span class="cell-sub">v{item.version}</span>
        </>
      ),
    },
    {
      id: 'state',
      label: 'State',
      cell: ({ state, isFinal, transitioning, failure }) => (
        <span class="instance-state">
          <strong class="mono">{state}</strong>
          {isFinal && <Mark icon="stop">final</Mark>}
          {transitioning && <Mark tone="info" icon="play">{`${transitioning.transition} under way`}</Mark>}
          {failure && <Mark tone="bad" icon="cross">{`${String(failure.transition)} failed`}</Mark>}
        </span>
      ),
    },
    { id: 'since', label: 'Since', tight: true, cell: ({ since }) => <Time at={since} /> },
    { id: 'time', label: 'For', numeric: true, tight: true, cell: ({ timeInStateMs }) => <Took ms={timeInStateMs} /> },
    {
      id: 'timeout',
      label: 'Times out',
      tight: true,
      cell: ({ nextTimeout, isOverdue }) =>
        nextTimeout === null ? (
          <span class="quiet">never</span>
        ) : (
          <>
            {isOverdue && (
              <Mark tone="warn" icon="clock">
                overdue
              </Mark>
            )}
            <Time at={nextTimeout} />
          </>
        ),
    },
    {
      id: 'last',
      label: 'Came by',
      cell: ({ lastTransition, lastTrigger, lastActor }) => (
        <>
          {lastTransition ?? <span class="quiet">{lastTrigger === 'reset' ? 'a reset' : 'its beginning'}</span>}
          {lastActor?.name && <span class="cell-sub">{lastActor.name}</span>}
        </>
      ),
    },
  ];
}

function nameOf({ id, module, recordId, runKey }: InstanceItem): ComponentChildren {
  return recordId === null ? (runKey ?? id) : <RecordName module={module} recordId={recordId} />;
}
