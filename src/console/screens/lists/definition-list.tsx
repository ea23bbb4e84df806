import type { ComponentChildren, VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useCatalog, useMay } from '../../api/me.js';
import { useAsk } from '../../api/query.js';
import type { Catalog } from '../../model/catalog.js';
import { changedQuery, hrefOf, type QueryValues } from '../../model/route.js';
import { Button } from '../../ui/button.js';
import { Chips } from '../../ui/filter-bar.js';
import type { IconName } from '../../ui/icon.js';
import { navigate, usePlace } from '../../ui/location.js';
import { Card, Page } from '../../ui/page.js';
import { Pages } from '../../ui/pages.js';
import { AskedError } from '../../ui/pending.js';
import { EmptyState, Skeleton } from '../../ui/states.js';
import { type Column, Table } from '../../ui/table.js';
import { latePart } from '../late.js';
import { activeFilters, DefinitionFilters, type DefinitionStatuses, FILTERS } from './definition-filters.js';

const ImportDialog = latePart(() => import('./import-dialog.js').then((part) => part.ImportDialog));

const SIZE = 20;

interface DefinitionListProps<Item> {
  /** As the API and the address name them. */
  kind: 'workflows' | 'machines';
  title: string;
  sub: string;
  /** One of them: "workflow". */
  what: string;
  icon: IconName;
  /** What one of them is, for who has none. */
  meaning: string;
  statuses: DefinitionStatuses;
  /** They can be narrowed by the event of a module that starts them. */
  byEvent?: boolean;
  columns: (catalog: Catalog | null) => Column<Item>[];
  /** The way to a new one. */
  create: VNode;
  /** Beneath the list while there is none at all. */
  begin?: VNode;
}

/** All workflows, or all state machines: narrowed, sorted and paged as the address says. */
export function DefinitionList<Item extends { id: string }>(props: DefinitionListProps<Item>): VNode {
  const { kind, title, sub, what, icon, meaning, statuses, byEvent = false, columns, create, begin } = props;
  const { query } = usePlace();
  const mayManage = useMay('manage');
  const catalog = useCatalog();
  const [isImporting, setImporting] = useState(false);
  const sort = query.get('sort') ?? 'name';
  const page = Number(query.get('page') ?? 1);
  const limit = Number(query.get('limit') ?? SIZE);
  const filter = Object.fromEntries(FILTERS.map((name) => [name, query.get(name)]));
  const asked = useAsk<{ items: Item[]; total: number; totalIsExact: boolean }>(kind, {
    query: { ...filter, status: filter.status ?? statuses.all.asked, sort, page, limit },
    every: 30_000,
  });
  const change = (changes: QueryValues): void => navigate(hrefOf(kind, changedQuery(query, { page: null, ...changes })), { replace: true });
  const filters = activeFilters(filter, statuses, catalog);
  const drop = (...names: string[]): void => change(Object.fromEntries(names.map((name) => [name, null])));
  const { items = [], total = 0, totalIsExact = true } = asked.data ?? {};
  return (
    <Page
      title={title}
      sub={sub}
      actions={
        mayManage && (
          <>
            <Button icon="download" onClick={() => setImporting(true)}>
              Import …
            </Button>
            {create}
          </>
        )
      }
    >
      <AskedError asked={asked} />
      <Card flush>
        <DefinitionFilters label={title} filter={filter} statuses={statuses} byEvent={byEvent} catalog={catalog} onChange={change} />
        {asked.data === undefined && !asked.error && <Skeleton what={title.toLowerCase()} />}
        {items.length > 0 && (
          <>
            <Table
              caption={title}
              columns={columns(catalog)}
              rows={items}
              keyOf={({ id }) => id}
              sort={sort}
              onSort={(next) => change({ sort: next === 'name' ? null : next })}
            />
            <Pages
              what={what}
              page={page}
              size={limit}
              total={total}
              totalIsExact={totalIsExact}
              onPage={(next) => change({ page: next === 1 ? null : next })}
              onSize={(next) => change({ limit: next === SIZE ? null : next })}
            />
          </>
        )}
        {asked.data?.items.length === 0 &&
          (total > 0 ? (
            <EmptyState icon="lines" title="This page is empty">
              <Button onClick={() => change({})}>Go to the first one</Button>
            </EmptyState>
          ) : filters.length > 0 ? (
            <EmptyState icon="filter" title={`No ${what} is like that`}>
              <Chips chips={filters.map(({ name, label }) => ({ label, onDrop: () => drop(name) }))} onClear={() => drop(...FILTERS)} />
            </EmptyState>
          ) : (
            <EmptyState icon={icon} title={`No ${what}s yet`}>
              <span>{meaning}</span>
            </EmptyState>
          ))}
      </Card>
      {mayManage && asked.data && total === 0 && filters.length === 0 && begin}
      {isImporting && <ImportDialog kind={kind} onClose={() => setImporting(false)} />}
    </Page>
  );
}

interface DefinitionNameProps {
  href: string;
  item: { name: string; code: string };
  /** How its draft stands, and what else is to be known of it. */
  children: ComponentChildren;
}

/** What a workflow or a machine is called. */
export function DefinitionName({ href, item, children }: DefinitionNameProps): VNode {
  return (
    <>
      <a class="cell-main" href={href}>
        {item.name}
      </a>
      <span class="cell-sub">
        <span class="mono">{item.code}</span>
        {children}
      </span>
    </>
  );
}
