import './audit-page.css';
import type { VNode } from 'preact';
import { useAsk } from '../../api/query.js';
import type { AuditPage as Answer, AuditItem } from '../../api/types.js';
import { actorWords } from '../../model/actor-words.js';
import { actionsOn, auditWords } from '../../model/audit-words.js';
import { changedQuery, hrefOf, type QueryValues } from '../../model/route.js';
import { momentBefore } from '../../model/run-filter.js';
import { durationWords } from '../../model/time.js';
import { nameWords } from '../../model/words.js';
import type { ComboboxOption } from '../../ui/combobox.js';
import { Chips } from '../../ui/filter-bar.js';
import { Icon } from '../../ui/icon.js';
import { navigate, usePlace } from '../../ui/location.js';
import { Card, Page } from '../../ui/page.js';
import { OlderPages } from '../../ui/pages.js';
import { AskedError } from '../../ui/pending.js';
import { EmptyState, Skeleton } from '../../ui/states.js';
import { type Column, Table } from '../../ui/table.js';
import { Time, useNow } from '../../ui/time.js';
import { AuditChange } from './audit-change.js';
import { type AuditFilter, AuditFilters } from './audit-filters.js';

const FILTERS = ['kind', 'action', 'actor', 'target', 'period'] as const;

/** Who changed what, and why. */
export function AuditPage(): VNode {
  const { query } = usePlace();
  const now = useNow();
  const filter = Object.fromEntries(FILTERS.map((name) => [name, query.get(name)])) as Record<keyof AuditFilter, string | null>;
  const { kind, action, actor, target, period } = filter;
  const cursor = query.get('cursor');
  const from = momentBefore(period, now);
  const actions = action ?? (kind ? actionsOn(kind).join() : null);
  const asked = useAsk<Answer>('audit', {
    query: { action: actions, actor, target, from, cursor, limit: 50 },
    every: cursor ? false : 30_000,
  });
  const change = (changes: QueryValues, replace = true): void =>
    navigate(hrefOf('audit', changedQuery(query, { cursor: null, ...changes })), { replace });
  const known = knownOf(asked.data?.items ?? []);
  const chips = FILTERS.flatMap((name) => {
    const value = filter[name];
    return value ? [{ label: chipWords(name, value, known), onDrop: () => change({ [name]: null }) }] : [];
  });
  return (
    <Page title="Audit" sub="Who changed what, newest first.">
      <AskedError asked={asked} />
      <Card flush>
        <AuditFilters filter={filter} known={known} onChange={change} />
        {asked.data === undefined && !asked.error && <Skeleton what="the audit" />}
        {asked.data?.items.length === 0 && (
          <EmptyState icon="audit" title={chips.length > 0 ? 'Nobody did such a thing' : 'Nobody has changed anything yet'}>
            {chips.length > 0 && <Chips chips={chips} onClear={() => change(Object.fromEntries(FILTERS.map((name) => [name, null])))} />}
          </EmptyState>
        )}
        {asked.data && asked.data.items.length > 0 && (
          <Table caption="Changes" columns={COLUMNS} rows={asked.data.items} keyOf={({ id }) => id} />
        )}
        <OlderPages
          what="the audit"
          cursor={cursor}
          older={asked.data?.nextCursor ?? null}
          onGo={(next) => change({ cursor: next }, false)}
        />
      </Card>
    </Page>
  );
}

const COLUMNS: Column<AuditItem>[] = [
  { id: 'at', label: 'When', tight: true, cell: ({ at }) => <Time at={at} /> },
  {
    id: 'actor',
    label: 'Who',
    tight: true,
    cell: ({ actor }) => (actor.id === null ? actorWords(actor) : <a href={hrefOf('audit', { actor: actor.id })}>{actorWords(actor)}</a>),
  },
  { id: 'action', label: 'Did', tight: true, narrow: 'title', cell: ({ action }) => <b>{auditWords(action)}</b> },
  { id: 'target', label: 'On', cell: (item) => <Target item={item} /> },
  { id: 'what', label: 'What and why', narrow: 'wide', cell: (item) => <AuditChange item={item} /> },
  {
    id: 'history',
    label: 'History',
    unnamed: true,
    tight: true,
    narrow: 'corner',
    cell: ({ target }) => {
      const label = `All that was done to ${target.workflowName ?? `this ${target.type}`}`;
      return (
        <a class="icon-button" href={hrefOf('audit', { target: target.id })} aria-label={label} title={label}>
          <Icon name="filter" />
        </a>
      );
    },
  },
];

function Target({ item: { target } }: { item: AuditItem }): VNode {
  const name = target.workflowName ?? nameWords(target.type);
  const page = { run: 'runs', event: 'events', workflow: 'workflows', machine: 'machines', instance: 'instances', task: 'tasks' }[
    target.type
  ];
  const href = page && `${page}/${target.id}`;
  return (
    <span>
      {href === undefined ? name : <a href={href}>{target.workflowId === target.id ? name : `${nameWords(target.type)} of ${name}`}</a>}
    </span>
  );
}

/** People and things that are shown, by their ids. */
function knownOf(items: readonly AuditItem[]): { people: ComboboxOption[]; things: ComboboxOption[] } {
  return {
    people: items.flatMap(({ actor }) => (actor.id === null ? [] : [{ value: actor.id, label: actorWords(actor) }])),
    things: items.flatMap(({ target }) => {
      const { type, id, workflowName } = target;
      if (type === 'workflow' || type === 'machine') return [{ value: id, label: workflowName ?? nameWords(type) }];
      return [{ value: id, label: `${nameWords(type)}${workflowName ? ` of ${workflowName}` : ''}`, hint: id.slice(-8) }];
    }),
  };
}

function chipWords(name: (typeof FILTERS)[number], value: string, known: ReturnType<typeof knownOf>): string {
  const labelIn = (options: readonly ComboboxOption[]): string => options.find((option) => option.value === value)?.label ?? value;
  switch (name) {
    case 'kind':
      return `${nameWords(value)}s`;
    case 'action':
      return auditWords(value);
    case 'actor':
      return `by ${labelIn(known.people)}`;
    case 'target':
      return `on ${labelIn(known.things)}`;
    case 'period':
      return `the last ${durationWords(value).replace(/^1 /, '')}`;
  }
}
