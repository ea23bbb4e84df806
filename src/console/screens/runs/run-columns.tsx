import type { RunItem } from '../../api/types.js';
import { shortId } from '../../model/run-filter.js';
import { RecordName } from '../../parts/runs/record-name.js';
import { Status } from '../../ui/status.js';
import type { Column } from '../../ui/table.js';
import { Time, Took } from '../../ui/time.js';

/** Which rows are chosen, and how one is chosen or not; null: the reader may do nothing with them. */
export interface Choice {
  has: (id: string) => boolean;
  choose: (id: string, isChosen: boolean) => void;
}

/** Returns the columns of a list of runs; of one workflow alone, none says which. */
export function runColumns(isOfOne: boolean, choice: Choice | null): Column<RunItem>[] {
  return [
    ...(choice ? [choiceColumn(choice)] : []),
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
    { id: 'summary', label: 'What happened', cell: ({ summary }) => <span class="run-summary">{summary}</span> },
    { id: 'created', label: 'Started', tight: true, cell: ({ startedAt, createdAt }) => <Time at={startedAt ?? createdAt} /> },
    { id: 'took', label: 'Took', numeric: true, tight: true, cell: ({ durationMs }) => <Took ms={durationMs} /> },
  ];
}

function choiceColumn({ has, choose }: Choice): Column<RunItem> {
  return {
    id: 'choice',
    label: 'Chosen',
    unnamed: true,
    tight: true,
    narrow: 'corner',
    cell: ({ id, workflowName, summary }) => (
      <label class="run-choice">
        <input type="checkbox" checked={has(id)} onChange={(event) => choose(id, event.currentTarget.checked)} />
        <span class="visually-hidden">
          {workflowName}: {summary}
        </span>
      </label>
    ),
  };
}
