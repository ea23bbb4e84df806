import type { VNode } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { useMay } from '../../api/me.js';
import { useAsk } from '../../api/query.js';
import type { RunPage } from '../../api/types.js';
import { changedQuery, hrefOf } from '../../model/route.js';
import { type RunListFilter, runFilterBody, runQueryOf } from '../../model/run-filter.js';
import { relativeTime } from '../../model/time.js';
import { countWords } from '../../model/words.js';
import type { BulkWork } from '../../parts/runs/bulk-dialog.js';
import { useActivity } from '../../ui/activity.js';
import { Button, IconButton } from '../../ui/button.js';
import { Chips } from '../../ui/filter-bar.js';
import { navigate, usePlace } from '../../ui/location.js';
import { OlderPages } from '../../ui/pages.js';
import { AskedError, Pending } from '../../ui/pending.js';
import { EmptyState } from '../../ui/states.js';
import { Table } from '../../ui/table.js';
import { useNow } from '../../ui/time.js';
import { ASKED, SHOWN, useHeldRows } from './held-rows.js';
import { type Chosen, RunChoice } from './run-choice.js';
import { runColumns } from './run-columns.js';

const EVERY_MS = 5_000;

interface RunRowsProps {
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

/** One page of runs, of which the first follows what happens. */
export function RunRows({ filter, isOfOne, cursor, sentence, chips, onDropAll, onWork }: RunRowsProps): VNode {
  const { query, segments } = usePlace();
  const isActive = useActivity();
  const now = useNow();
  const mayOperate = useMay('operate');
  const question = runQueryOf(filter, now);
  const asked = useAsk<RunPage>('runs', {
    query: { ...question, cursor, limit: ASKED },
    every: cursor === null && isActive ? EVERY_MS : false,
  });
  const [chosen, setChosen] = useState<Chosen>(new Set());
  const bar = useRef<HTMLDivElement>(null);
  // Until the next page is there, the one before stays: its rows say nothing of what is new.
  const items = asked.isPlaceholderData ? null : (asked.data?.items ?? null);
  const { rows, newer, isMore, showNewer } = useHeldRows(items, cursor === null);

  if (asked.data === undefined) {
    return <Pending asked={asked} what="runs" rows={8} />;
  }
  const hasOlder = (items?.length ?? 0) > newer + SHOWN || asked.data.nextCursor !== null;
  const older = hasOlder ? (rows.at(-1)?.id ?? null) : null;
  const has = (id: string): boolean => chosen === 'all' || chosen.has(id);
  const go = (to: string | null): void => {
    navigate(hrefOf(segments.join('/'), changedQuery(query, { cursor: to })));
    bar.current?.scrollIntoView({ block: 'nearest' });
  };
  const choose = (id: string, isChosen: boolean): void => {
    const next = new Set(chosen === 'all' ? rows.map((row) => row.id) : chosen);
    if (isChosen) next.add(id);
    else next.delete(id);
    setChosen(next);
  };
  return (
    <>
      <AskedError asked={asked} />
      <div class="choice-bar" ref={bar}>
        {mayOperate && rows.length > 0 && (
          <RunChoice
            rows={rows}
            chosen={chosen}
            onChange={setChosen}
            filter={filter}
            asked={question}
            body={runFilterBody(filter, now)}
            sentence={sentence}
            onWork={onWork}
          />
        )}
        {newer > 0 && (
          <Button small kind="quiet" icon="up" onClick={showNewer}>
            {isMore ? `${newer}+ new runs` : countWords(newer, 'new run')} · Show
          </Button>
        )}
        <span class="run-updated">
          <Updated at={asked.dataUpdatedAt} isAsking={asked.isFetching} onAsk={() => void asked.refetch()} />
        </span>
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
        <Table
          caption="Runs"
          columns={runColumns(isOfOne, mayOperate ? { has, choose } : null)}
          rows={rows}
          keyOf={({ id }) => id}
          chosen={chosen === 'all' ? new Set(rows.map(({ id }) => id)) : chosen}
        />
      )}
      <OlderPages what="runs" cursor={cursor} older={older} onGo={go} />
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
