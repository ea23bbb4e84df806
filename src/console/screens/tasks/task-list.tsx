import './tasks.css';
import type { VNode } from 'preact';
import { call } from '../../api/client.js';
import { forget, useAsk } from '../../api/query.js';
import type { TaskPage as Answer, TaskCounts, TaskItem } from '../../api/types.js';
import { changedQuery, hrefOf, type QueryValues } from '../../model/route.js';
import { taskCount } from '../../model/task-count.js';
import { Due } from '../../parts/tasks/due.js';
import { Button } from '../../ui/button.js';
import { Select } from '../../ui/field.js';
import { FilterBar, SearchField } from '../../ui/filter-bar.js';
import { toast, toastError } from '../../ui/live.js';
import { navigate, usePlace } from '../../ui/location.js';
import { Card, Page } from '../../ui/page.js';
import { OlderPages } from '../../ui/pages.js';
import { AskedError } from '../../ui/pending.js';
import { EmptyState, Skeleton } from '../../ui/states.js';
import { Mark, statusLook } from '../../ui/status.js';
import { type Column, Table } from '../../ui/table.js';
import { Time } from '../../ui/time.js';

const TABS = [
  { id: 'mine', label: 'Mine', query: { mine: 'true' }, count: 'mine' },
  { id: 'queues', label: 'My queues', query: { myQueues: 'true' }, count: 'queues' },
  { id: 'overdue', label: 'Overdue', query: { overdue: 'true' }, count: 'overdue' },
  { id: 'all', label: 'All', query: {}, count: 'all' },
] as const;
const EVERY_MS = 15_000;

/** What people are asked, by due date. */
export function TaskList(): VNode {
  const { query } = usePlace();
  const tab = TABS.find(({ id }) => id === query.get('show')) ?? TABS[0];
  const [status, search, queue, cursor] = ['status', 'search', 'queue', 'cursor'].map((name) => query.get(name));
  const counts = useAsk<TaskCounts>('tasks/counts', { every: EVERY_MS });
  const asked = useAsk<Answer>('tasks', {
    query: { ...tab.query, status, search, queue, cursor, limit: 50 },
    every: cursor ? false : EVERY_MS,
  });
  const change = (changes: QueryValues): void =>
    navigate(hrefOf('tasks', changedQuery(query, { cursor: null, ...changes })), { replace: true });
  const isFiltered = Boolean(status || search || queue);
  return (
    <Page title="Tasks" sub="What workflows ask people.">
      <AskedError asked={asked} />
      <Card flush>
        <nav class="task-tabs" aria-label="Whose tasks">
          {TABS.map(({ id, label, count }) => (
            <a
              key={id}
              href={hrefOf('tasks', changedQuery(query, { show: id === 'mine' ? null : id, cursor: null }))}
              aria-current={id === tab.id ? 'page' : undefined}
            >
              {label} <span class="numbers">{counts.data ? taskCount(counts.data[count]) : ''}</span>
            </a>
          ))}
        </nav>
        <FilterBar label="Tasks">
          <SearchField label="Search in what is asked" value={search ?? ''} onSearch={(text) => change({ search: text })} />
          <Select
            label="Status"
            value={status ?? ''}
            options={[
              { value: '', label: 'To do' },
              ...['completed', 'expired', 'cancelled'].map((value) => ({ value, label: statusLook(value).word })),
            ]}
            onChange={(value) => change({ status: value })}
          />
        </FilterBar>
        {asked.data === undefined && !asked.error && <Skeleton what="tasks" />}
        {asked.data?.items.length === 0 && (
          <EmptyState icon="check" title={isFiltered ? 'No task is like that' : 'Nothing to do'}>
            {isFiltered ? (
              <Button icon="cross" onClick={() => change({ status: null, search: null, queue: null })}>
                Drop all filters
              </Button>
            ) : (
              <span>Nobody is asked anything here now.</span>
            )}
          </EmptyState>
        )}
        {asked.data && asked.data.items.length > 0 && (
          <Table caption="Tasks" columns={COLUMNS} rows={asked.data.items} keyOf={({ id }) => id} />
        )}
        <OlderPages
          what="tasks"
          words={['First', 'More']}
          cursor={cursor ?? null}
          older={asked.data?.nextCursor ?? null}
          onGo={(next) => navigate(hrefOf('tasks', changedQuery(query, { cursor: next })))}
        />
      </Card>
    </Page>
  );
}

const COLUMNS: Column<TaskItem>[] = [
  {
    id: 'title',
    label: 'Asked',
    narrow: 'title',
    cell: ({ id, title, message, priority }) => (
      <>
        <a class="cell-main" href={`tasks/${id}`}>
          {title}
        </a>
        <span class="cell-sub">
          {(priority === 'high' || priority === 'urgent') && (
            <Mark tone={priority === 'urgent' ? 'bad' : 'warn'} icon="flag">
              {priority}
            </Mark>
          )}
          {message !== null && <span class="task-message">{message}</span>}
        </span>
      </>
    ),
  },
  { id: 'record', label: 'About', cell: ({ record }) => record?.title ?? <span class="quiet">–</span> },
  { id: 'queue', label: 'Queue', tight: true, cell: ({ queue }) => queue ?? <span class="quiet">–</span> },
  { id: 'since', label: 'Since', tight: true, cell: ({ createdAt }) => <Time at={createdAt} /> },
  {
    id: 'due',
    label: 'Due',
    tight: true,
    cell: (task) => (task.finishedAt === null ? <Due task={task} /> : <Time at={task.finishedAt} />),
  },
  {
    id: 'who',
    label: 'Who',
    tight: true,
    cell: (task) =>
      task.assignee?.name ??
      (task.may.claim ? <Take task={task} /> : <span class="quiet">{task.votes ? 'everybody asked' : 'nobody yet'}</span>),
  },
];

function Take({ task: { id, title } }: { task: TaskItem }): VNode {
  const take = async (): Promise<void> => {
    try {
      await call('POST', `tasks/${id}/claim`);
      toast(`“${title}” is yours.`);
    } catch (error) {
      toastError(`“${title}” could not be taken`, error);
    }
    await forget('tasks');
  };
  return (
    <Button small onClick={() => void take()}>
      Take<span class="visually-hidden"> “{title}”</span>
    </Button>
  );
}
