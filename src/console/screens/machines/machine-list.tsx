import './machines.css';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useCatalog, useMay } from '../../api/me.js';
import { useAsk } from '../../api/query.js';
import type { Catalog } from '../../model/catalog.js';
import { subjectWords } from '../../model/machine.js';
import { changedQuery, hrefOf, type QueryValues } from '../../model/route.js';
import { countWords, numberWords } from '../../model/words.js';
import { DraftMarks } from '../../parts/drafts/draft-marks.js';
import { Button } from '../../ui/button.js';
import { Select } from '../../ui/field.js';
import { Chips, FilterBar, SearchField } from '../../ui/filter-bar.js';
import { navigate, usePlace } from '../../ui/location.js';
import { Card, Page } from '../../ui/page.js';
import { Pages } from '../../ui/pages.js';
import { EmptyState, ErrorPanel, Skeleton } from '../../ui/states.js';
import { Mark } from '../../ui/status.js';
import { type Column, Table } from '../../ui/table.js';
import { Time } from '../../ui/time.js';
import { ImportDialog } from '../workflows/import-dialog.js';
import { MachineActions } from './machine-actions.js';
import { MachineSwitch } from './machine-switch.js';
import { NewMachineDialog } from './new-machine-dialog.js';
import type { MachineItem, MachinePageOfItems } from './types.js';

const SIZE = 20;
const STATUSES: Readonly<Record<string, string>> = { active: 'Enabled', paused: 'Disabled', draft: 'Draft' };

/** All state machines: what each follows, whether it does, and how many are on their way. */
export function MachineList(): VNode {
  const { query } = usePlace();
  const mayManage = useMay('manage');
  const catalog = useCatalog();
  const [dialog, setDialog] = useState<'import' | 'new' | null>(null);
  const [search, status, module] = [query.get('search'), query.get('status'), query.get('module')];
  const sort = query.get('sort') ?? 'name';
  const page = Number(query.get('page') ?? 1);
  const limit = Number(query.get('limit') ?? SIZE);
  const asked = useAsk<MachinePageOfItems>('machines', { query: { search, status, module, sort, page, limit }, every: 30_000 });
  const change = (changes: QueryValues): void =>
    navigate(hrefOf('machines', changedQuery(query, { page: null, ...changes })), { replace: true });
  const chips = [
    ...(search ? [{ label: `“${search}”`, onDrop: () => change({ search: null }) }] : []),
    ...(status ? [{ label: STATUSES[status] ?? status, onDrop: () => change({ status: null }) }] : []),
    ...(module ? [{ label: subjectWords({ module }, catalog), onDrop: () => change({ module: null }) }] : []),
  ];
  return (
    <Page
      title="State machines"
      sub="Where records stand, and what takes them from one state to the next."
      actions={
        mayManage && (
          <>
            <Button icon="download" onClick={() => setDialog('import')}>
              Import …
            </Button>
            <Button kind="primary" icon="plus" onClick={() => setDialog('new')}>
              New state machine
            </Button>
          </>
        )
      }
    >
      {asked.error && <ErrorPanel error={asked.error.body} retry={() => void asked.refetch()} />}
      <Card flush>
        <FilterBar label="State machines">
          <SearchField label="Search by name or code" value={search ?? ''} onSearch={(text) => change({ search: text })} />
          <Select
            label="Status"
            value={status ?? ''}
            options={[{ value: '', label: 'All' }, ...Object.entries(STATUSES).map(([value, label]) => ({ value, label }))]}
            onChange={(value) => change({ status: value })}
          />
          <Select
            label="Module"
            value={module ?? ''}
            options={[{ value: '', label: 'All modules' }, ...(catalog?.modules ?? []).map(({ name, label }) => ({ value: name, label }))]}
            onChange={(value) => change({ module: value })}
          />
        </FilterBar>
        {asked.data === undefined && !asked.error && <Skeleton what="state machines" />}
        {asked.data && asked.data.items.length > 0 && (
          <>
            <Table
              caption="State machines"
              columns={columnsOf(catalog)}
              rows={asked.data.items}
              keyOf={({ id }) => id}
              sort={sort}
              onSort={(next) => change({ sort: next === 'name' ? null : next })}
            />
            <Pages
              what="state machine"
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
          (chips.length > 0 ? (
            <EmptyState icon="filter" title="No state machine is like that">
              <Chips chips={chips} onClear={() => change({ search: null, status: null, module: null })} />
            </EmptyState>
          ) : (
            <EmptyState icon="machine" title="No state machines yet">
              <span>A state machine says in which states a record can be, and what leads from one to the next.</span>
            </EmptyState>
          ))}
      </Card>
      {dialog === 'import' && <ImportDialog kind="machines" onClose={() => setDialog(null)} />}
      {dialog === 'new' && <NewMachineDialog onClose={() => setDialog(null)} />}
    </Page>
  );
}

function columnsOf(catalog: Catalog | null): Column<MachineItem>[] {
  return [
    { id: 'name', label: 'Name', sort: 'name', narrow: 'title', cell: (machine) => <Name machine={machine} /> },
    { id: 'for', label: 'Follows', cell: (machine) => subjectWords(machine.for ?? undefined, catalog) },
    {
      id: 'initial',
      label: 'Begins in',
      cell: ({ initialState }) =>
        initialState === null ? <span class="quiet">nowhere yet</span> : <span class="mono">{initialState}</span>,
    },
    {
      id: 'instances',
      label: 'On their way',
      numeric: true,
      cell: ({ id, activeInstances, instances }) => (
        <a href={`machines/${id}/instances`} title={`${countWords(instances, 'instance')} in all`}>
          {numberWords(activeInstances)}
        </a>
      ),
    },
    { id: 'status', label: 'Status', sort: 'status', tight: true, cell: (machine) => <MachineSwitch machine={machine} /> },
    { id: 'updated', label: 'Changed', sort: 'updatedAt', tight: true, cell: ({ updatedAt }) => <Time at={updatedAt} /> },
    {
      id: 'actions',
      label: 'Actions',
      unnamed: true,
      tight: true,
      narrow: 'corner',
      cell: (machine) => <MachineActions machine={machine} />,
    },
  ];
}

function Name({ machine }: { machine: MachineItem }): VNode {
  const { id, name, code, disabledBy, disabledReason } = machine;
  return (
    <>
      <a class="cell-main" href={`machines/${id}`}>
        {name}
      </a>
      <span class="cell-sub">
        <span class="mono">{code}</span>
        <DraftMarks item={machine} />
        {disabledBy?.name && <Mark icon="pause">{`disabled by ${disabledBy.name}${disabledReason ? `: ${disabledReason}` : ''}`}</Mark>}
      </span>
    </>
  );
}
