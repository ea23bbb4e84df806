import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useCatalog, useMay } from '../../api/me.js';
import { useAsk } from '../../api/query.js';
import type { WorkflowItem, WorkflowPage } from '../../api/types.js';
import { triggerWords } from '../../model/definition-words.js';
import { changedQuery, hrefOf, type QueryValues } from '../../model/route.js';
import { numberWords } from '../../model/words.js';
import { Button, LinkButton } from '../../ui/button.js';
import { Chips } from '../../ui/filter-bar.js';
import { navigate, usePlace } from '../../ui/location.js';
import { Card, Page } from '../../ui/page.js';
import { Pages } from '../../ui/pages.js';
import { Sparkbar } from '../../ui/sparkbar.js';
import { EmptyState, ErrorPanel, Skeleton } from '../../ui/states.js';
import { type Column, Table } from '../../ui/table.js';
import { Time } from '../../ui/time.js';
import { latePart } from '../late.js';
import { WorkflowActions } from './workflow-actions.js';
import { activeFilters, FILTERS, WorkflowFilters } from './workflow-filters.js';
import { WorkflowMarks } from './workflow-marks.js';
import { WorkflowSwitch } from './workflow-switch.js';

const ImportDialog = latePart(() => import('./import-dialog.js').then((part) => part.ImportDialog));
const FirstRecipes = latePart(() => import('../../parts/recipes/first-recipes.js').then((part) => part.FirstRecipes));

const NOT_ARCHIVED = 'draft,active,paused';
const SIZE = 20;

/** All workflows: what starts each, whether it does, and how it goes. */
export function WorkflowList(): VNode {
  const { query } = usePlace();
  const mayManage = useMay('manage');
  const catalog = useCatalog();
  const [isImporting, setImporting] = useState(false);
  const sort = query.get('sort') ?? 'name';
  const page = Number(query.get('page') ?? 1);
  const limit = Number(query.get('limit') ?? SIZE);
  const filter = Object.fromEntries(FILTERS.map((name) => [name, query.get(name)]));
  const asked = useAsk<WorkflowPage>('workflows', {
    query: { ...filter, status: filter.status ?? NOT_ARCHIVED, sort, page, limit },
    every: 30_000,
  });
  const change = (changes: QueryValues): void =>
    navigate(hrefOf('workflows', changedQuery(query, { page: null, ...changes })), { replace: true });
  const filters = activeFilters(filter, catalog);
  const drop = (...names: string[]): void => change(Object.fromEntries(names.map((name) => [name, null])));

  return (
    <Page
      title="Workflows"
      sub="What happens by itself when something happens in the CRM."
      actions={
        mayManage && (
          <>
            <Button icon="download" onClick={() => setImporting(true)}>
              Import …
            </Button>
            <LinkButton kind="primary" icon="plus" href="workflows/new">
              New workflow
            </LinkButton>
          </>
        )
      }
    >
      {asked.error && <ErrorPanel error={asked.error.body} retry={() => void asked.refetch()} />}
      <Card flush>
        <WorkflowFilters filter={filter} catalog={catalog} onChange={change} />
        {asked.data === undefined && !asked.error && <Skeleton what="workflows" />}
        {asked.data && asked.data.items.length > 0 && (
          <>
            <Table
              caption="Workflows"
              columns={columnsOf(catalog)}
              rows={asked.data.items}
              keyOf={({ id }) => id}
              sort={sort}
              onSort={(next) => change({ sort: next === 'name' ? null : next })}
            />
            <Pages
              what="workflow"
              page={page}
              size={limit}
              total={asked.data.total}
              totalIsExact={asked.data.totalIsExact}
              onPage={(next) => change({ page: next === 1 ? null : next })}
              onSize={(next) => change({ limit: next === SIZE ? null : next })}
            />
          </>
        )}
        {asked.data?.items.length === 0 &&
          (asked.data.total > 0 ? (
            <EmptyState icon="lines" title="This page is empty">
              <Button onClick={() => change({})}>Go to the first one</Button>
            </EmptyState>
          ) : filters.length > 0 ? (
            <EmptyState icon="filter" title="No workflow is like that">
              <Chips chips={filters.map(({ name, label }) => ({ label, onDrop: () => drop(name) }))} onClear={() => drop(...FILTERS)} />
            </EmptyState>
          ) : (
            <EmptyState icon="workflows" title="No workflows yet">
              <span>A workflow says what starts it, for which records, and what it does.</span>
            </EmptyState>
          ))}
      </Card>
      {mayManage && asked.data?.total === 0 && filters.length === 0 && <FirstRecipes />}
      {isImporting && <ImportDialog onClose={() => setImporting(false)} />}
    </Page>
  );
}

function columnsOf(catalog: ReturnType<typeof useCatalog>): Column<WorkflowItem>[] {
  return [
    { id: 'name', label: 'Name', sort: 'name', narrow: 'title', cell: (workflow) => <Name workflow={workflow} /> },
    { id: 'trigger', label: 'Starts', sort: 'module', cell: ({ trigger }) => triggerWords(trigger ?? undefined, catalog) },
    { id: 'status', label: 'Status', sort: 'status', tight: true, cell: (workflow) => <WorkflowSwitch workflow={workflow} /> },
    {
      id: 'runs',
      label: 'Runs',
      sort: 'runCount',
      numeric: true,
      cell: ({ id, runCount }) => <a href={hrefOf(`workflows/${id}/runs`)}>{numberWords(runCount)}</a>,
    },
    {
      id: 'failed',
      label: 'Failed in 7 days',
      sort: 'failed7d',
      numeric: true,
      cell: ({ id, failed7d }) =>
        failed7d === 0 ? (
          <span class="quiet">0</span>
        ) : (
          <a class="tone-bad" href={hrefOf('runs', { workflowId: id, status: 'failed', period: 'P7D' })}>
            {numberWords(failed7d)}
          </a>
        ),
    },
    {
      id: 'success',
      label: 'Success',
      sort: 'successRate7d',
      tight: true,
      cell: ({ succeeded7d, failed7d }) => (
        <Sparkbar
          good={succeeded7d}
          bad={failed7d}
          label={`In 7 days ${numberWords(succeeded7d)} succeeded, ${numberWords(failed7d)} failed`}
        />
      ),
    },
    {
      id: 'lastRun',
      label: 'Last run',
      sort: 'lastRunAt',
      tight: true,
      cell: ({ lastRunAt }) => (lastRunAt === null ? <span class="quiet">never</span> : <Time at={lastRunAt} />),
    },
    {
      id: 'actions',
      label: 'Actions',
      unnamed: true,
      tight: true,
      narrow: 'corner',
      cell: (workflow) => <WorkflowActions workflow={workflow} />,
    },
  ];
}

function Name({ workflow }: { workflow: WorkflowItem }): VNode {
  const { id, name, code } = workflow;
  return (
    <>
      <a class="cell-main" href={hrefOf(`workflows/${id}`)}>
        {name}
      </a>
      <span class="cell-sub">
        <span class="mono">{code}</span>
        <WorkflowMarks workflow={workflow} />
      </span>
    </>
  );
}
