import './audit-page.css';
import type { VNode } from 'preact';
import type { Json, JsonObject } from '../../../core/json.js';
import { useAsk } from '../../api/query.js';
import type { AuditPage as Answer, AuditItem } from '../../api/types.js';
import { actorWords } from '../../model/actor-words.js';
import { changedQuery, hrefOf, type QueryValues } from '../../model/route.js';
import { durationMs, durationWords } from '../../model/time.js';
import { nameWords } from '../../model/words.js';
import { Button } from '../../ui/button.js';
import { Select } from '../../ui/field.js';
import { Chips, FilterBar } from '../../ui/filter-bar.js';
import { Icon } from '../../ui/icon.js';
import { JsonView } from '../../ui/json-view.js';
import { navigate, usePlace } from '../../ui/location.js';
import { Card, Page } from '../../ui/page.js';
import { EmptyState, ErrorPanel, Skeleton } from '../../ui/states.js';
import { type Column, Table } from '../../ui/table.js';
import { Time, useNow } from '../../ui/time.js';

const ACTIONS = [
  ...['created', 'updated', 'published', 'activated', 'paused', 'unpublished', 'archived', 'restored', 'deleted', 'started'].map(
    (what) => `workflow.${what}`,
  ),
  ...['retried', 'cancelled'].map((what) => `run.${what}`),
  'event.replayed',
  ...['claimed', 'released', 'reassigned', 'completed', 'decided'].map((what) => `task.${what}`),
];
const PERIODS = ['P1D', 'P7D', 'P30D'];
const FILTERS = ['action', 'actor', 'target', 'period'] as const;

/** Who changed what, and why. */
export function AuditPage(): VNode {
  const { query } = usePlace();
  const now = useNow();
  const [action, actor, target, period, cursor] = ['action', 'actor', 'target', 'period', 'cursor'].map((name) => query.get(name));
  const length = period ? durationMs(period) : null;
  const from = length === null ? null : new Date(Math.floor((now.getTime() - length) / 60_000) * 60_000).toISOString();
  const asked = useAsk<Answer>('audit', { query: { action, actor, target, from, cursor, limit: 50 }, every: cursor ? false : 30_000 });
  const change = (changes: QueryValues, replace = true): void =>
    navigate(hrefOf('audit', changedQuery(query, { cursor: null, ...changes })), { replace });
  const chips = [
    ...(actor
      ? [{ label: `by ${asked.data?.items[0] ? actorWords(asked.data.items[0].actor) : actor}`, onDrop: () => change({ actor: null }) }]
      : []),
    ...(target ? [{ label: 'on one thing', onDrop: () => change({ target: null }) }] : []),
  ];
  const isFiltered = FILTERS.some((name) => query.get(name));
  return (
    <Page title="Audit" sub="Who changed what, newest first.">
      {asked.error && <ErrorPanel error={asked.error.body} retry={() => void asked.refetch()} />}
      <Card flush>
        <FilterBar label="Audit">
          <Select
            label="Action"
            value={action ?? ''}
            options={[{ value: '', label: 'All actions' }, ...ACTIONS.map((value) => ({ value, label: actionWords(value) }))]}
            onChange={(value) => change({ action: value })}
          />
          <Select
            label="Period"
            value={period ?? ''}
            options={[
              { value: '', label: 'Any time' },
              ...PERIODS.map((value) => ({ value, label: `Last ${durationWords(value).replace(/^1 /, '')}` })),
            ]}
            onChange={(value) => change({ period: value })}
          />
          <Chips chips={chips} />
        </FilterBar>
        {asked.data === undefined && !asked.error && <Skeleton what="the audit" />}
        {asked.data?.items.length === 0 && (
          <EmptyState icon="audit" title={isFiltered ? 'Nobody did such a thing' : 'Nobody has changed anything yet'}>
            {isFiltered && (
              <Button icon="cross" onClick={() => change({ action: null, actor: null, target: null, period: null })}>
                Drop all filters
              </Button>
            )}
          </EmptyState>
        )}
        {asked.data && asked.data.items.length > 0 && (
          <Table caption="Changes" columns={COLUMNS} rows={asked.data.items} keyOf={({ id }) => id} />
        )}
        {(cursor || asked.data?.nextCursor) && (
          <nav class="pages" aria-label="Pages of the audit">
            <span />
            <Button icon="up" blocked={cursor ? null : 'These are the newest'} onClick={() => change({}, false)}>
              Newest
            </Button>
            <Button
              icon="down"
              blocked={asked.data?.nextCursor ? null : 'There are no older ones'}
              onClick={() => change({ cursor: asked.data?.nextCursor ?? null }, false)}
            >
              Older
            </Button>
          </nav>
        )}
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
  { id: 'action', label: 'Did', tight: true, narrow: 'title', cell: ({ action }) => <b>{actionWords(action)}</b> },
  { id: 'target', label: 'On', cell: (item) => <Target item={item} /> },
  { id: 'what', label: 'What and why', cell: (item) => <What item={item} /> },
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
  const href = { run: `runs/${target.id}`, event: `events/${target.id}`, workflow: `workflows/${target.id}` }[target.type];
  return (
    <span>
      {href === undefined ? name : <a href={href}>{target.type === 'workflow' ? name : `${nameWords(target.type)} of ${name}`}</a>}
    </span>
  );
}

function What({ item: { before, after, note } }: { item: AuditItem }): VNode {
  const changed = changedMembers(before, after);
  return (
    <>
      {note !== null && <span class="message">{note}</span>}
      {changed.length > 0 && (
        <details class="audit-diff">
          <summary>{changed.map(([name]) => nameWords(name)).join(', ')}</summary>
          <dl>
            {changed.map(([name, was, is]) => (
              <div key={name}>
                <dt>{nameWords(name)}</dt>
                <dd>{isShort(was) && isShort(is) ? <Short was={was} is={is} /> : <Long was={was} is={is} name={name} />}</dd>
              </div>
            ))}
          </dl>
        </details>
      )}
      {note === null && changed.length === 0 && <span class="quiet">–</span>}
    </>
  );
}

function Short({ was, is }: { was: Json; is: Json }): VNode {
  return (
    <>
      <span class="quiet">{String(was ?? '–')}</span> <Icon name="arrow" size={12} /> {String(is ?? '–')}
    </>
  );
}

function Long({ was, is, name }: { was: Json; is: Json; name: string }): VNode {
  return (
    <>
      {was !== null && (
        <>
          <small class="quiet">Before</small>
          <JsonView value={was} label={`${name} before`} />
        </>
      )}
      {is !== null && (
        <>
          <small class="quiet">After</small>
          <JsonView value={is} label={`${name} after`} />
        </>
      )}
    </>
  );
}

function changedMembers(before: JsonObject | null, after: JsonObject | null): [name: string, was: Json, is: Json][] {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  return names
    .map((name): [string, Json, Json] => [name, before?.[name] ?? null, after?.[name] ?? null])
    .filter(([, was, is]) => JSON.stringify(was) !== JSON.stringify(is));
}

function isShort(value: Json): boolean {
  return typeof value !== 'object' || value === null;
}

/** `workflow.published` is `Published a workflow`. */
function actionWords(action: string): string {
  const [thing = '', did = action] = action.split('.');
  return `${nameWords(did)} ${/^[aeiou]/.test(thing) ? 'an' : 'a'} ${thing}`;
}
