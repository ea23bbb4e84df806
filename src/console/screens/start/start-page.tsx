import './start-page.css';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useMay } from '../../api/me.js';
import { type Asked, useAsk } from '../../api/query.js';
import type { AuditPage, RunCounts, RunGroups, TaskPage, WorkflowPage } from '../../api/types.js';
import { actorWords } from '../../model/actor-words.js';
import { hrefOf } from '../../model/route.js';
import { nameWords, numberWords } from '../../model/words.js';
import { BulkDialog, type BulkWork } from '../../parts/runs/bulk-dialog.js';
import { retryOf } from '../../parts/runs/group-work.js';
import { Due } from '../../parts/tasks/due.js';
import { Button } from '../../ui/button.js';
import { Icon, type IconName } from '../../ui/icon.js';
import { Card, Page, Panel } from '../../ui/page.js';
import { type Awaited, Pending } from '../../ui/pending.js';
import { EmptyState, Skeleton } from '../../ui/states.js';
import { Time, useNow } from '../../ui/time.js';
import { latePart } from '../late.js';
import { NewLink } from '../workflows/new-link.js';

const FirstRecipes = latePart(() => import('../../parts/recipes/first-recipes.js').then((part) => part.FirstRecipes));

const DAY_MS = 86_400_000;
const EVERY_MS = 30_000;
const SHOWN = 5;
const UNFINISHED = 'waiting,running,queued';

/** What needs somebody now; in a workspace without workflows, what to begin with. */
export function StartPage(): VNode {
  const mayView = useMay('view');
  const workflows = useAsk<WorkflowPage>('workflows', { query: { limit: 1 }, enabled: mayView });
  if (mayView && workflows.data === undefined && !workflows.error) {
    return (
      <Page title="Start">
        <Skeleton what="the start page" />
      </Page>
    );
  }
  return workflows.data?.total === 0 ? <Beginning /> : <Needed />;
}

function Needed(): VNode {
  const [mayView, mayTasks] = [useMay('view'), useMay('tasks')];
  const [day, week] = [useDaysAgo(1), useDaysAgo(7)];
  const failing = useAsk<RunGroups>('runs/groups', { query: { from: day, status: 'failed' }, every: EVERY_MS, enabled: mayView });
  const waiting = useAsk<RunCounts>('runs/counts', { query: { to: week, status: UNFINISHED }, every: EVERY_MS, enabled: mayView });
  const tasks = useAsk<TaskPage>('tasks', { query: { mine: 'true', limit: SHOWN }, every: EVERY_MS, enabled: mayTasks });
  const isCalm =
    (!mayView || (failing.data?.groups.length === 0 && waiting.data?.counts.every(({ runs }) => runs === 0))) &&
    (!mayTasks || tasks.data?.items.length === 0);
  return (
    <Page title="Start" sub={isCalm ? 'Nothing needs you.' : 'What needs somebody now.'} actions={useMay('manage') && <NewLink />}>
      <div class="start">
        {mayView && <Failing asked={failing} from={day} />}
        {mayTasks && <MyTasks asked={tasks} />}
        {mayView && <WaitingLong asked={waiting} />}
        {mayView && <ChangedLately from={week} />}
      </div>
    </Page>
  );
}

function Beginning(): VNode {
  const mayManage = useMay('manage');
  return (
    <Page title="Start" sub="A workflow says what starts it, for which records, and what it does." actions={mayManage && <NewLink />}>
      {mayManage ? (
        <>
          <h2>No workflows yet: begin with one of these</h2>
          <FirstRecipes />
        </>
      ) : (
        <Card>
          <EmptyState icon="workflows" title="No workflows yet">
            <span>Whoever may manage them makes the first one.</span>
          </EmptyState>
        </Card>
      )}
      {useMay('tasks') && (
        <div class="start">
          <OwnTasks />
        </div>
      )}
    </Page>
  );
}

function OwnTasks(): VNode {
  return <MyTasks asked={useAsk<TaskPage>('tasks', { query: { mine: 'true', limit: SHOWN }, every: EVERY_MS })} />;
}

/** A moment so many days ago, at the full hour: so that the same question stays the same. */
function useDaysAgo(days: number): string {
  const hour = 3_600_000;
  return new Date(Math.floor((useNow().getTime() - days * DAY_MS) / hour) * hour).toISOString();
}

/** Groups of runs that failed since a moment. */
function Failing({ asked, from }: { asked: Asked<RunGroups>; from: string }): VNode {
  const mayOperate = useMay('operate');
  const [work, setWork] = useState<BulkWork | null>(null);
  const groups = asked.data?.groups ?? [];
  return (
    <Panel flush title="Failing" aside={<More href={hrefOf('runs', { status: 'failed', period: 'P1D', view: 'groups' })} />}>
      <Content asked={asked} isEmpty={groups.length === 0} nothing="No run has failed for a day.">
        <ul class="found">
          {groups.slice(0, SHOWN).map((group) => {
            const { workflowId, workflowName, step, reason, runs, last, error } = group;
            return (
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
                {mayOperate && (
                  <Button small icon="retry" onClick={() => setWork(retryOf(group, { from }))}>
                    Retry …
                  </Button>
                )}
              </li>
            );
          })}
        </ul>
      </Content>
      {work && <BulkDialog work={work} onClose={() => setWork(null)} />}
    </Panel>
  );
}

/** What this person is asked: late ones first, as the list has them. */
function MyTasks({ asked }: { asked: Asked<TaskPage> }): VNode {
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

function WaitingLong({ asked }: { asked: Asked<RunCounts> }): VNode {
  const counts = (asked.data?.counts ?? []).filter(({ runs }) => runs > 0);
  return (
    <Panel flush title="Waiting too long" aside={<More href={hrefOf('runs', { status: UNFINISHED, olderThan: 'P7D' })} />}>
      <Content asked={asked} isEmpty={counts.length === 0} nothing="No run has been under way for more than a week.">
        <ul class="found">
          {counts.map(({ status, runs, isExact }) => (
            <li key={status}>
              <b class="numbers tone-warn">
                {numberWords(runs)}
                {!isExact && '+'}
              </b>
              <a href={hrefOf('runs', { status, olderThan: 'P7D' })}>
                {runs === 1 ? 'run' : 'runs'} {status} for more than a week
              </a>
            </li>
          ))}
        </ul>
      </Content>
    </Panel>
  );
}

/** What changes what starts by itself. */
const LATELY = [
  ...['published', 'activated', 'paused', 'unpublished', 'archived', 'restored', 'deleted'].map((what) => `workflow.${what}`),
  ...['published', 'enabled', 'disabled', 'deleted'].map((what) => `machine.${what}`),
].join();

function ChangedLately({ from }: { from: string }): VNode {
  const asked = useAsk<AuditPage>('audit', { query: { from, action: LATELY, limit: SHOWN }, every: EVERY_MS });
  const items = asked.data?.items ?? [];
  return (
    <Panel flush title="Changed lately" aside={<More href={hrefOf('audit', { period: 'P7D' })} />}>
      <Content asked={asked} isEmpty={items.length === 0} nothing="Nobody has changed what starts by itself for a week.">
        <ul class="found">
          {items.map(({ id, at, actor, action, target, note }) => (
            <li key={id}>
              <span class="start-words">
                <span>
                  <a href={hrefOf('audit', { target: target.id })}>{target.workflowName ?? nameWords(target.type)}</a>{' '}
                  {nameWords(action.replace(/^\w+\./, '')).toLowerCase()} by {actorWords(actor)}
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
  asked: Awaited & { data: unknown };
  isEmpty: boolean;
  /** What to say where there is nothing. */
  nothing: string;
  children: VNode;
}

function Content({ asked, isEmpty, nothing, children }: ContentProps): VNode {
  if (asked.data === undefined) {
    return <Pending asked={asked} what="this" rows={3} />;
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
