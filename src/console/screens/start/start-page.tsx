import './start-page.css';
import type { VNode } from 'preact';
import { useMay } from '../../api/me.js';
import { useAsk } from '../../api/query.js';
import type { AuditPage, RunCounts, RunGroups, TaskPage } from '../../api/types.js';
import { actorWords } from '../../model/actor-words.js';
import { hrefOf } from '../../model/route.js';
import { nameWords, numberWords } from '../../model/words.js';
import { Due } from '../../parts/tasks/due.js';
import { Icon, type IconName } from '../../ui/icon.js';
import { Page, Panel } from '../../ui/page.js';
import { ErrorPanel, Skeleton } from '../../ui/states.js';
import { Time, useNow } from '../../ui/time.js';

const DAY_MS = 86_400_000;
const EVERY_MS = 30_000;
const SHOWN = 5;

/** What needs somebody now. */
export function StartPage(): VNode {
  const [mayView, mayTasks] = [useMay('view'), useMay('tasks')];
  return (
    <Page title="Start" sub="What needs somebody now.">
      <div class="start">
        {mayView && <Failing />}
        {mayTasks && <MyTasks />}
        {mayView && <WaitingLong />}
        {mayView && <ChangedLately />}
      </div>
    </Page>
  );
}

/** A moment so many days ago, at the full hour: so that the same question stays the same. */
function useDaysAgo(days: number): string {
  const hour = 3_600_000;
  return new Date(Math.floor((useNow().getTime() - days * DAY_MS) / hour) * hour).toISOString();
}

function Failing(): VNode {
  const from = useDaysAgo(1);
  const asked = useAsk<RunGroups>('runs/groups', { query: { from, status: 'failed' }, every: EVERY_MS });
  const groups = asked.data?.groups ?? [];
  return (
    <Panel flush title="Failing" aside={<More href={hrefOf('runs', { status: 'failed', period: 'P1D', view: 'groups' })} />}>
      <Content asked={asked} isEmpty={groups.length === 0} nothing="No run has failed for a day.">
        <ul class="found">
          {groups.slice(0, SHOWN).map(({ workflowId, workflowName, step, reason, runs, last, error }) => (
            <li key={[workflowId, step, reason].join(' ')}>
              <b class="numbers tone-bad">{numberWords(runs)}</b>
              <span class="start-words">
                <a href={hrefOf('runs', { status: 'failed', workflowId, reason, period: 'P1D' })}>
                  {workflowName ?? 'Deleted workflow'}
                  {step !== null && ` at ${step}`}
                </a>
                <span class="cell-sub">{error?.message ?? reason}</span>
                <span class="cell-sub">
                  last <Time at={last} inline />
                </span>
              </span>
            </li>
          ))}
        </ul>
      </Content>
    </Panel>
  );
}

function MyTasks(): VNode {
  const asked = useAsk<TaskPage>('tasks', { query: { mine: 'true', limit: SHOWN }, every: EVERY_MS });
  const tasks = asked.data?.items ?? [];
  return (
    <Panel flush title="My tasks" aside={<More href="tasks" />}>
      <Content asked={asked} isEmpty={tasks.length === 0} nothing="Nobody asks you anything.">
        <ul class="found">
          {tasks.map((task) => (
            <li key={task.id}>
              <span class="start-words">
                <a href={`tasks/${task.id}`}>{task.title}</a>
                <span class="cell-sub">{task.record?.title ?? task.message}</span>
              </span>
              {task.dueAt !== null && (
                <span class="start-aside">
                  <Due task={task} />
                </span>
              )}
            </li>
          ))}
        </ul>
      </Content>
    </Panel>
  );
}

function WaitingLong(): VNode {
  const to = useDaysAgo(7);
  const asked = useAsk<RunCounts>('runs/counts', { query: { to, status: 'waiting,running,queued' }, every: EVERY_MS });
  const counts = (asked.data?.counts ?? []).filter(({ runs }) => runs > 0);
  return (
    <Panel flush title="Not over for a week">
      <Content asked={asked} isEmpty={counts.length === 0} nothing="No run is older than a week and not over.">
        <ul class="found">
          {counts.map(({ status, runs, isExact }) => (
            <li key={status}>
              <b class="numbers tone-warn">
                {numberWords(runs)}
                {!isExact && '+'}
              </b>
              <a href={hrefOf('runs', { status })}>
                {runs === 1 ? 'run is' : 'runs are'} {status}
              </a>
            </li>
          ))}
        </ul>
      </Content>
    </Panel>
  );
}

const LATELY: ReadonlySet<string> = new Set(
  ['published', 'paused', 'activated', 'created', 'archived', 'deleted', 'unpublished'].map((what) => `workflow.${what}`),
);

function ChangedLately(): VNode {
  const from = useDaysAgo(7);
  const asked = useAsk<AuditPage>('audit', { query: { from, limit: 50 }, every: EVERY_MS });
  const items = (asked.data?.items ?? []).filter(({ action }) => LATELY.has(action)).slice(0, SHOWN);
  return (
    <Panel flush title="Changed lately" aside={<More href={hrefOf('audit', { period: 'P7D' })} />}>
      <Content asked={asked} isEmpty={items.length === 0} nothing="Nobody has changed a workflow for a week.">
        <ul class="found">
          {items.map(({ id, at, actor, action, target, note }) => (
            <li key={id}>
              <span class="start-words">
                <span>
                  <b>{target.workflowName ?? 'A workflow'}</b> {nameWords(action.replace('workflow.', '')).toLowerCase()} by{' '}
                  {actorWords(actor)}
                </span>
                {note !== null && <span class="cell-sub">{note}</span>}
                <span class="cell-sub">
                  <Time at={at} inline />
                </span>
              </span>
            </li>
          ))}
        </ul>
      </Content>
    </Panel>
  );
}

function More({ href }: { href: string }): VNode {
  return (
    <a class="start-more" href={href}>
      Show all
    </a>
  );
}

interface ContentProps {
  asked: { data: unknown; error: { body: { message: string } } | null; refetch: () => unknown };
  isEmpty: boolean;
  /** What to say where there is nothing. */
  nothing: string;
  children: VNode;
}

function Content({ asked, isEmpty, nothing, children }: ContentProps): VNode {
  if (asked.data === undefined) {
    return asked.error ? <ErrorPanel error={asked.error.body} retry={() => void asked.refetch()} /> : <Skeleton what="this" rows={3} />;
  }
  return isEmpty ? <Nothing icon="check" words={nothing} /> : children;
}

function Nothing({ icon, words }: { icon: IconName; words: string }): VNode {
  return (
    <p class="start-nothing">
      <span class="tone-ok">
        <Icon name={icon} />
      </span>
      {words}
    </p>
  );
}
