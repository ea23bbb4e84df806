import type { VNode } from 'preact';
import { useMay } from '../../api/me.js';
import { useAsk } from '../../api/query.js';
import type { RunGroup, RunGroups } from '../../api/types.js';
import { hrefOf, type QueryValues } from '../../model/route.js';
import { numberWords } from '../../model/words.js';
import { Button } from '../../ui/button.js';
import { Pending } from '../../ui/pending.js';
import { EmptyState } from '../../ui/states.js';
import { Status } from '../../ui/status.js';
import { type Column, Table } from '../../ui/table.js';
import { Time } from '../../ui/time.js';

/** Runs that failed in the same way, as one row each: what breaks, how often and since when. */
export function RunGroupList({ query, onRetry }: { query: QueryValues; onRetry: (group: RunGroup) => void }): VNode {
  const asked = useAsk<RunGroups>('runs/groups', { query, every: 15_000 });
  const mayOperate = useMay('operate');
  if (asked.data === undefined) {
    return <Pending asked={asked} what="groups of runs" />;
  }
  const { groups, counted, isExact } = asked.data;
  if (groups.length === 0) {
    return (
      <EmptyState icon="check" title="Nothing to group">
        <span>No run of this filter has failed.</span>
      </EmptyState>
    );
  }
  return (
    <>
      <Table caption="Groups of runs" columns={columnsOf(mayOperate, onRetry)} rows={groups} keyOf={keyOf} />
      {!isExact && <p class="pages">Of the newest {numberWords(counted)} runs.</p>}
    </>
  );
}

function keyOf({ workflowId, status, step, reason }: RunGroup): string {
  return [workflowId, status, step, reason].join(' ');
}

function columnsOf(mayOperate: boolean, onRetry: (group: RunGroup) => void): Column<RunGroup>[] {
  return [
    { id: 'status', label: 'Status', tight: true, cell: ({ status }) => <Status status={status} /> },
    {
      id: 'workflow',
      label: 'Workflow and step',
      narrow: 'title',
      cell: ({ workflowId, workflowName, status, reason, step }) => (
        <>
          <a class="cell-main" href={hrefOf('runs', { workflowId, status, reason })}>
            {workflowName ?? 'Deleted workflow'}
          </a>
          {step !== null && <span class="cell-sub mono">{step}</span>}
        </>
      ),
    },
    {
      id: 'reason',
      label: 'Why',
      cell: ({ reason, error, sampleRunId }) => (
        <>
          <span class="message">{error?.message ?? reason ?? 'No reason told'}</span>
          <span class="cell-sub">
            {reason && <code>{reason}</code>}
            <a href={`runs/${sampleRunId}`}>newest of them</a>
          </span>
        </>
      ),
    },
    { id: 'runs', label: 'Runs', numeric: true, tight: true, cell: ({ runs }) => <strong>{numberWords(runs)}</strong> },
    { id: 'first', label: 'First', tight: true, cell: ({ first }) => <Time at={first} /> },
    { id: 'last', label: 'Last', tight: true, cell: ({ last }) => <Time at={last} /> },
    ...(mayOperate
      ? [
          {
            id: 'actions',
            label: 'Actions',
            unnamed: true,
            tight: true,
            cell: (group: RunGroup) =>
              group.status === 'failed' ? (
                <Button small icon="retry" onClick={() => onRetry(group)}>
                  Retry …
                </Button>
              ) : null,
          },
        ]
      : []),
  ];
}
