import './run-list.css';
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useCatalog, useMay } from '../../api/me.js';
import { useAsk } from '../../api/query.js';
import type { RunItem, RunPage, WorkflowPage } from '../../api/types.js';
import { changedQuery, hrefOf, type QueryValues } from '../../model/route.js';
import {
  filterSentence,
  filterWords,
  RUN_FILTER_NAMES,
  type RunListFilter,
  runFilterBody,
  runFilterOf,
  runQueryOf,
  shortId,
} from '../../model/run-filter.js';
import { relativeTime } from '../../model/time.js';
import { countWords } from '../../model/words.js';
import { BulkDialog, type BulkWork } from '../../parts/runs/bulk-dialog.js';
import { retryOf } from '../../parts/runs/group-work.js';
import { RecordName } from '../../parts/runs/record-name.js';
import { useActivity } from '../../ui/activity.js';
import { Button, IconButton } from '../../ui/button.js';
import { Chips } from '../../ui/filter-bar.js';
import { Icon } from '../../ui/icon.js';
import { navigate, usePlace } from '../../ui/location.js';
import { MenuButton } from '../../ui/menu.js';
import { Card, Page } from '../../ui/page.js';
import { EmptyState, ErrorPanel, Skeleton } from '../../ui/states.js';
import { Status } from '../../ui/status.js';
import { type Column, Table } from '../../ui/table.js';
import { Time, Took, useNow } from '../../ui/time.js';
import { RunFilters } from './run-filters.js';
import { RunGroupList } from './run-group-list.js';

const SHOWN = 50;
/** More than is shown: what is new can wait above without rows leaving below. */
const ASKED = 100;
const EVERY_MS = 5_000;

/** All runs, and what has become of each in one sentence. */
export function RunList(): VNode {
  return (
    <Page title="Runs" sub="What workflows did, are doing and did not do.">
      <RunFinder />
    </Page>
  );
}

/** Runs, what narrows them, and what can be done to those that match; with `workflowId` of one workflow alone. */
export function RunFinder({ workflowId = null }: { workflowId?: string | null }): VNode {
  const { query, segments } = usePlace();
  const catalog = useCatalog();
  const now = useNow();
  const asked = runFilterOf(query);
  const filter = workflowId === null ? asked : { ...asked, workflowId };
  const workflows = useAsk<WorkflowPage>('workflows', { query: { limit: 100, sort: 'name' }, fresh: 60_000 });
  const [work, setWork] = useState<BulkWork | null>(null);
  const isGrouped = query.get('view') === 'groups';
  const change = (changes: QueryValues): void =>
    navigate(hrefOf(segments.join('/'), changedQuery(query, { cursor: null, ...changes })), { replace: true });
  const workflowName = workflows.data?.items.find(({ id }) => id === filter.workflowId)?.name ?? null;
  const words = filterWords(asked, catalog, workflowName);
  const drop = (names: readonly string[]): void => change(Object.fromEntries(names.map((name) => [name, null])));
  // Only the chips that no field above the list shows.
  const chips = words.filter(
    ({ names }) => !['search', 'workflowId', 'period'].includes(names[0] ?? '') && (names[0] !== 'module' || filter.recordId),
  );

  return (
    <>
      <Card flush>
        <RunFilters
          filter={filter}
          asked={runQueryOf(filter, now)}
          catalog={catalog}
          workflows={workflowId === null ? (workflows.data?.items ?? []) : null}
          isGrouped={isGrouped}
          onChange={change}
        />
        {chips.length > 0 && (
          <div class="run-chips">
            <Chips chips={chips.map(({ label, names }) => ({ label, onDrop: () => drop(names) }))} />
          </div>
        )}
        {isGrouped ? (
          <RunGroupList
            query={{ ...runQueryOf(filter, now), status: filter.status.join(',') || null }}
            onRetry={(group) => setWork(retryOf(group, runFilterBody(filter, now)))}
          />
        ) : (
          <Rows
            key={JSON.stringify(filter)}
            filter={filter}
            isOfOne={workflowId !== null}
            cursor={query.get('cursor')}
            sentence={filterSentence(filter, catalog, workflowName)}
            onWork={setWork}
            onDropAll={words.length + filter.status.length > 0 ? () => drop(RUN_FILTER_NAMES) : null}
            chips={[
              ...filter.status.map((status) => ({
                label: status,
                onDrop: () => change({ status: filter.status.filter((one) => one !== status).join(',') }),
              })),
              ...words.map(({ label, names }) => ({ label, onDrop: () => drop(names) })),
            ]}
          />
        )}
      </Card>
      {work && <BulkDialog work={work} onClose={() => setWork(null)} />}
    </>
  );
}

interface RowsProps {
  filter: RunListFilter;
  /** All of one workflow: then none needs to say so. */
  isOfOne: boolean;
  cursor: string | null;
  /** The filter in words. */
  sentence: string;
  chips: { label: string; onDrop: () => void }[];
  onDropAll: (() => void) | null;
  onWork: (work: BulkWork) => void;
}

function Rows({ filter, isOfOne, cursor, sentence, chips, onDropAll, onWork }: RowsProps): VNode {
  const { query, segments } = usePlace();
  const isActive = useActivity();
  const now = useNow();
  const mayOperate = useMay('operate');
  const asked = useAsk<RunPage>('runs', {
    query: { ...runQueryOf(filter, now), cursor, limit: ASKED },
    every: cursor === null && isActive ? EVERY_MS : false,
  });
  const [top, setTop] = useState<string | null>(null);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const items = asked.data?.items ?? [];
  const newest = items[0]?.id ?? null;
  // Ids grow with time: what is greater than the first row came after it.
  const held = cursor === null && top !== null ? items.filter(({ id }) => id <= top) : items;
  const rows = held.slice(0, SHOWN);
  const isNew = items.length - held.length;
  useEffect(() => {
    if (newest !== null && (top === null || rows.length === 0)) setTop(newest);
  }, [newest, top, rows.length]);
  const older = held.length > SHOWN || asked.data?.nextCursor ? (rows.at(-1)?.id ?? null) : null;

  if (asked.data === undefined) {
    return asked.error ? <ErrorPanel error={asked.error.body} retry={() => void asked.refetch()} /> : <Skeleton what="runs" rows={8} />;
  }
  const choose = (id: string, isChosen: boolean): void => {
    const next = new Set(chosen);
    if (isChosen) next.add(id);
    else next.delete(id);
    setChosen(next);
  };
  const body = runFilterBody(filter, now);
  return (
    <>
      {asked.error && <ErrorPanel error={asked.error.body} retry={() => void asked.refetch()} />}
      <div class="run-bar">
        {chosen.size > 0 ? (
          <Chosen chosen={chosen} onClear={() => setChosen(new Set())} onWork={onWork} />
        ) : (
          <>
            <span class="run-updated">
              <Updated at={asked.dataUpdatedAt} isAsking={asked.isFetching} onAsk={() => void asked.refetch()} />
            </span>
            {isNew > 0 && (
              <Button small kind="quiet" icon="up" onClick={() => setTop(newest)}>
                {countWords(isNew, 'new run')} · Show
              </Button>
            )}
            {mayOperate && rows.length > 0 && (
              <span class="run-all">
                <MenuButton
                  label="All that match"
                  class="button button-small"
                  items={[
                    {
                      label: 'Retry those that failed …',
                      icon: 'retry',
                      onSelect: () => onWork({ kind: 'retry', filter: { ...body, status: undefined }, words: sentence }),
                    },
                    {
                      label: 'Cancel those that are not over …',
                      icon: 'stop',
                      onSelect: () => onWork({ kind: 'cancel', filter: unfinishedOf(body, filter), words: sentence }),
                    },
                  ]}
                >
                  All that match
                  <Icon name="down" size={12} />
                </MenuButton>
              </span>
            )}
          </>
        )}
      </div>
      {rows.length === 0 ? (
        onDropAll ? (
          <EmptyState icon="filter" title="No run is like that">
            <Chips chips={chips} onClear={onDropAll} />
          </EmptyState>
        ) : (
          <EmptyState icon="runs" title="No runs yet">
            <span>A run appears as soon as something happens that a workflow listens to.</span>
          </EmptyState>
        )
      ) : (
        <Table caption="Runs" columns={columnsOf(mayOperate, isOfOne, chosen, choose)} rows={rows} keyOf={({ id }) => id} chosen={chosen} />
      )}
      {(cursor !== null || older !== null) && (
        <nav class="pages" aria-label="Pages of runs">
          <span />
          <Button
            icon="up"
            blocked={cursor === null ? 'These are the newest' : null}
            onClick={() => navigate(hrefOf(segments.join('/'), changedQuery(query, { cursor: null })))}
          >
            Newest
          </Button>
          <Button
            icon="down"
            blocked={older === null ? 'There are no older ones' : null}
            onClick={() => navigate(hrefOf(segments.join('/'), changedQuery(query, { cursor: older })))}
          >
            Older
          </Button>
        </nav>
      )}
    </>
  );
}

function unfinishedOf(body: Record<string, unknown>, { status }: RunListFilter): Record<string, unknown> {
  const unfinished = status.filter((one) => ['queued', 'running', 'waiting'].includes(one));
  return { ...body, status: unfinished.length > 0 ? unfinished : undefined };
}

function Chosen({
  chosen,
  onClear,
  onWork,
}: {
  chosen: ReadonlySet<string>;
  onClear: () => void;
  onWork: (work: BulkWork) => void;
}): VNode {
  const ids = [...chosen];
  const words = countWords(ids.length, 'chosen run');
  return (
    <>
      <strong>{words}</strong>
      <Button small icon="retry" onClick={() => onWork({ kind: 'retry', filter: { ids }, words })}>
        Retry …
      </Button>
      <Button small icon="stop" onClick={() => onWork({ kind: 'cancel', filter: { ids }, words })}>
        Cancel …
      </Button>
      <Button small kind="quiet" onClick={onClear}>
        Choose none
      </Button>
    </>
  );
}

function Updated({ at, isAsking, onAsk }: { at: number; isAsking: boolean; onAsk: () => void }): VNode {
  return (
    <>
      Updated {relativeTime(new Date(at), useNow())}
      <IconButton icon="refresh" label={isAsking ? 'Asking' : 'Ask again'} onClick={onAsk} />
    </>
  );
}

function columnsOf(
  mayChoose: boolean,
  isOfOne: boolean,
  chosen: ReadonlySet<string>,
  choose: (id: string, isChosen: boolean) => void,
): Column<RunItem>[] {
  const choice: Column<RunItem> = {
    id: 'choice',
    label: 'Chosen',
    unnamed: true,
    tight: true,
    narrow: 'corner',
    cell: ({ id, workflowName, summary }) => (
      <label class="run-choice">
        <input type="checkbox" checked={chosen.has(id)} onChange={(event) => choose(id, event.currentTarget.checked)} />
        <span class="visually-hidden">
          {workflowName}: {summary}
        </span>
      </label>
    ),
  };
  return [
    ...(mayChoose ? [choice] : []),
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
    { id: 'record', label: 'Record', tight: true, cell: (run) => <RecordName module={run.module} recordId={run.recordId} /> },
    { id: 'summary', label: 'What happened', cell: ({ summary }) => <span class="run-summary">{summary}</span> },
    { id: 'created', label: 'Started', tight: true, cell: ({ startedAt, createdAt }) => <Time at={startedAt ?? createdAt} /> },
    { id: 'took', label: 'Took', numeric: true, tight: true, cell: ({ durationMs }) => <Took ms={durationMs} /> },
  ];
}
