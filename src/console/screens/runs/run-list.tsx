import './run-list.css';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useCatalog } from '../../api/me.js';
import { useAsk } from '../../api/query.js';
import type { WorkflowPage } from '../../api/types.js';
import { changedQuery, hrefOf, type QueryValues } from '../../model/route.js';
import { filterSentence, filterWords, RUN_FILTER_NAMES, runFilterBody, runFilterOf, runQueryOf } from '../../model/run-filter.js';
import { BulkDialog, type BulkWork } from '../../parts/runs/bulk-dialog.js';
import { retryOf } from '../../parts/runs/group-work.js';
import { Chips } from '../../ui/filter-bar.js';
import { navigate, usePlace } from '../../ui/location.js';
import { Card, Page } from '../../ui/page.js';
import { useNow } from '../../ui/time.js';
import { RunFilters } from './run-filters.js';
import { RunGroupList } from './run-group-list.js';
import { RunRows } from './run-rows.js';

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
          <RunRows
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
