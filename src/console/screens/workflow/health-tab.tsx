import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useAsk } from '../../api/query.js';
import type { RunItem, RunPage, WorkflowStatistics } from '../../api/types.js';
import { limitWords } from '../../model/limit-words.js';
import { hrefOf } from '../../model/route.js';
import { tookWords } from '../../model/time.js';
import { numberWords } from '../../model/words.js';
import { BulkDialog, type BulkWork } from '../../parts/runs/bulk-dialog.js';
import { retryOf } from '../../parts/runs/group-work.js';
import { Panel } from '../../ui/page.js';
import { AskedError, Pending } from '../../ui/pending.js';
import { EmptyState, Skeleton } from '../../ui/states.js';
import { Status } from '../../ui/status.js';
import { type Column, Table } from '../../ui/table.js';
import { Time, Took } from '../../ui/time.js';
import type { WorkflowDetail } from '../editor/types.js';
import { RunGroupList } from '../runs/run-group-list.js';
import { Days } from './days.js';
import { StepHealth } from './step-health.js';
import { WorkflowFrame } from './workflow-frame.js';

const EVERY_MS = 30_000;
const LAST = 5;

/** How a workflow has done in the last days, and how it does now. */
export function HealthTab({ id }: { id: string }): VNode {
  return (
    <WorkflowFrame id={id} current="health">
      {(workflow) => <Health workflow={workflow} />}
    </WorkflowFrame>
  );
}

function Health({ workflow }: { workflow: WorkflowDetail }): VNode {
  const asked = useAsk<WorkflowStatistics>(`workflows/${workflow.id}/stats`, { every: EVERY_MS });
  if (asked.data === undefined) {
    return <Pending asked={asked} what="the statistics" rows={8} />;
  }
  const { days, byDay, steps } = asked.data;
  // The first day, as days of the statistics go.
  const from = `${byDay[0]?.day}T00:00:00Z`;
  return (
    <div class="health">
      <Figures statistics={asked.data} id={workflow.id} />
      <div class="health-pair">
        <Panel flush title={`${days} days`} aside={<span class="quiet">by the day of UTC that runs ended on</span>}>
          <Days days={byDay} />
        </Panel>
        <Now workflow={workflow} statistics={asked.data} />
      </div>
      <Failing id={workflow.id} from={from} />
      {steps.length > 0 && <StepHealth steps={steps} workflow={workflow} />}
      <LastRuns id={workflow.id} />
    </div>
  );
}

/** The week in a few numbers. */
function Figures({ statistics: { days, runs }, id }: { statistics: WorkflowStatistics; id: string }): VNode {
  const { succeeded, failed, cancelled, successRate, p50Ms, p95Ms } = runs;
  const link = (status: string, count: number): VNode | string =>
    count === 0 ? '0' : <a href={hrefOf(`workflows/${id}/runs`, { status, period: `P${days}D` })}>{numberWords(count)}</a>;
  const figures: [label: string, value: VNode | string, hint: string][] = [
    ['Success', successRate === null ? '–' : `${Math.floor(1_000 * successRate) / 10} %`, `in ${days} days`],
    ['Succeeded', link('succeeded', succeeded), 'runs'],
    ['Failed', link('failed', failed), 'for good'],
    ['Cancelled', link('cancelled', cancelled), 'by hand, or by a step'],
    ['Half within', p50Ms === null ? '–' : tookWords(p50Ms), 'waits included'],
    ['95 % within', p95Ms === null ? '–' : tookWords(p95Ms), 'waits included'],
  ];
  return (
    <dl class="figures">
      {figures.map(([label, value, hint]) => (
        <div key={label} class="figure">
          <dt>{label}</dt>
          <dd class="numbers">{value}</dd>
          <dd class="figure-hint">{hint}</dd>
        </div>
      ))}
    </dl>
  );
}

/** What is under way, and what bounds it. */
function Now({ workflow, statistics: { unfinished } }: { workflow: WorkflowDetail; statistics: WorkflowStatistics }): VNode {
  const { id, published, definition } = workflow;
  return (
    <Panel title="Under way" aside={<a href={hrefOf(`workflows/${id}/settings`)}>Settings</a>}>
      <div class="stack">
        {unfinished.length === 0 ? (
          <p>No run is under way.</p>
        ) : (
          <ul class="health-now">
            {unfinished.map(({ version, status, runs }) => (
              <li key={`${version} ${status}`}>
                <Status status={status} />
                <a class="numbers" href={hrefOf(`workflows/${id}/runs`, { status, version })}>
                  {numberWords(runs)} on v{version}
                </a>
              </li>
            ))}
          </ul>
        )}
        <ul class="health-limits">
          {limitWords(published?.definition ?? definition).map((words) => (
            <li key={words}>{words}</li>
          ))}
        </ul>
      </div>
    </Panel>
  );
}

function Failing({ id, from }: { id: string; from: string }): VNode {
  const [work, setWork] = useState<BulkWork | null>(null);
  return (
    <Panel flush title="What fails">
      <RunGroupList query={{ workflowId: id, status: 'failed', from }} onRetry={(group) => setWork(retryOf(group, { from }))} />
      {work && <BulkDialog work={work} onClose={() => setWork(null)} />}
    </Panel>
  );
}

const COLUMNS: Column<RunItem>[] = [
  { id: 'status', label: 'Status', tight: true, cell: ({ status }) => <Status status={status} /> },
  {
    id: 'summary',
    label: 'What happened',
    narrow: 'title',
    cell: ({ id, summary }) => (
      <a class="cell-main" href={`runs/${id}`}>
        {summary}
      </a>
    ),
  },
  { id: 'started', label: 'Started', tight: true, cell: ({ startedAt, createdAt }) => <Time at={startedAt ?? createdAt} /> },
  { id: 'took', label: 'Took', numeric: true, tight: true, cell: ({ durationMs }) => <Took ms={durationMs} /> },
];

function LastRuns({ id }: { id: string }): VNode {
  const asked = useAsk<RunPage>('runs', { query: { workflowId: id, limit: LAST }, every: EVERY_MS });
  return (
    <Panel flush title="Last runs" aside={<a href={hrefOf(`workflows/${id}/runs`)}>All of them</a>}>
      {asked.data === undefined && !asked.error && <Skeleton what="runs" rows={LAST} />}
      <AskedError asked={asked} />
      {asked.data?.items.length === 0 && (
        <EmptyState icon="runs" title="No runs yet">
          <span>A run appears as soon as something happens that this workflow listens to.</span>
        </EmptyState>
      )}
      {asked.data && asked.data.items.length > 0 && (
        <Table caption="Last runs" columns={COLUMNS} rows={asked.data.items} keyOf={(run) => run.id} />
      )}
    </Panel>
  );
}
