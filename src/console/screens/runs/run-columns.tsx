import type { RunItem } from '../../api/types.js';
import { shortId } from '../../model/run-filter.js';
import { RecordName } from '../../parts/runs/record-name.js';
import { type Choice, choiceColumn } from '../../ui/choice.js';
import { Status } from '../../ui/status.js';
import type { Column } from '../../ui/table.js';
import { Time, Told, Took } from '../../ui/time.js';

/** Returns the columns of a list of runs; of one workflow alone, none says which. `choice`: null where the reader may do nothing with them. */
export function runColumns(isOfOne: boolean, choice: Choice | null): Column<RunItem>[] {
  return [
    ...(choice ? [choiceColumn<RunItem>(choice, ({ workflowName, summary }) => `${workflowName}: ${summary}`)] : []),
    { id: 'status', label: 'Status', tight: true, cell: ({ status }) => <Status status={status} /> },
    {
      id: 'workflow',
      label: isOfOne ? 'Run' : 'Workflow',
      narrow: 'title',
      cell: ({ id, workflowName, version }) => (
        <>
          <a class="cell-main" href={`runs/${id}`}>
            {isOfOne ? `Run ${shortId(id)}` : (workflowName ?? 'Deleted workflow')}
          </a>
          <span class="cell-sub">v{version}</span>
        </>
      ),
    },
    {
      id: 'record',
      label: 'Record',
      tight: true,
      cell: ({ module, recordId, recordUrl }) => <RecordName module={module} recordId={recordId} url={recordUrl} />,
    },
    {
      id: 'summary',
      label: 'What happened',
      cell: ({ summary }) => (
        <span class="run-summary">
          <Told text={summary} />
        </span>
      ),
    },
    { id: 'created', label: 'Started', tight: true, cell: ({ startedAt, createdAt }) => <Time at={startedAt ?? createdAt} /> },
    { id: 'took', label: 'Took', numeric: true, tight: true, cell: ({ durationMs }) => <Took ms={durationMs} /> },
  ];
}
