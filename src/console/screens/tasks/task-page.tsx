import './tasks.css';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../../api/client.js';
import { useMay } from '../../api/me.js';
import { forget, useAsk } from '../../api/query.js';
import type { TaskDetail } from '../../api/types.js';
import { hrefOf } from '../../model/route.js';
import { shownValue } from '../../model/shown-value.js';
import { relativeTime } from '../../model/time.js';
import { Due } from '../../parts/tasks/due.js';
import { Button } from '../../ui/button.js';
import { Icon } from '../../ui/icon.js';
import { JsonView } from '../../ui/json-view.js';
import { toast, toastError } from '../../ui/live.js';
import { Page, Panel } from '../../ui/page.js';
import { PendingPage } from '../../ui/pending.js';
import { Banner } from '../../ui/states.js';
import { Status, statusLook } from '../../ui/status.js';
import { Time, useNow, useZone } from '../../ui/time.js';
import { Answer } from './answer.js';
import { NextTask } from './next-task.js';
import { ReassignDialog } from './reassign-dialog.js';
import { TaskHistory } from './task-history.js';

const BACK = { href: 'tasks', label: 'Tasks' };

/** One task: what is asked, what is known of the record, and the answer. */
export function TaskPage({ id }: { id: string }): VNode {
  const asked = useAsk<TaskDetail>(`tasks/${id}`, { keep: false, every: (task) => (task?.finishedAt ? false : 15_000) });
  const task = asked.data;
  if (asked.error?.status === 404 || !task) {
    return <PendingPage asked={asked} thing="task" back={BACK} missing="There is no task of this id that you may see" />;
  }
  return <Task task={task} />;
}

function Task({ task }: { task: TaskDetail }): VNode {
  const { id, title, message, status, record, queue, assignee, may, people, votes } = task;
  const isOpen = status === 'open';
  const mayReassign = useMay('manage');
  const [isReassigning, setReassigning] = useState(false);
  const act = async (what: 'claim' | 'release', done: string): Promise<void> => {
    try {
      await call('POST', `tasks/${id}/${what}`, what === 'release' ? { body: {} } : {});
      toast(done);
    } catch (error) {
      toastError(`“${title}” could not be ${what === 'claim' ? 'taken' : 'given back'}`, error);
    }
    await forget('tasks');
  };
  return (
    <Page
      title={title}
      back={BACK}
      sub={
        <span class="head-facts">
          {isOpen ? task.dueAt !== null && <Due task={task} inline /> : <Status status={status} />}
          {queue !== null && <span>in {queue}</span>}
          {assignee !== null && <span>{assignee.name} has it</span>}
          <span>
            asked <Time at={task.createdAt} inline />
          </span>
        </span>
      }
      actions={
        <>
          {may.claim && (
            <Button icon="person" onClick={() => void act('claim', 'It is yours.')}>
              Take
            </Button>
          )}
          {may.release && (
            <Button icon="left" onClick={() => void act('release', 'You gave it back.')}>
              Give back
            </Button>
          )}
          {mayReassign && isOpen && (
            <Button icon="person" onClick={() => setReassigning(true)}>
              Reassign …
            </Button>
          )}
        </>
      }
    >
      {!isOpen && <Over task={task} />}
      <div class="task-columns">
        <Panel title="What is asked">
          <div class="stack">
            <p class="task-asked">{message ?? title}</p>
            {votes !== null && votes.needed !== null && (
              <p class="quiet">
                {votes.approved} of {votes.needed} have agreed{votes.rejected > 0 ? `, ${votes.rejected} have not` : ''}.
              </p>
            )}
            {isOpen && <Answer key={`${id} ${task.revision}`} task={task} />}
          </div>
        </Panel>
        <div class="stack">
          {record !== null && <Record task={task} />}
          {task.collected.length > 0 && <Collected task={task} />}
          {people.length > 0 && (
            <Panel title="Who is asked">
              <ul class="history">
                {people.map((person) => (
                  <li key={person.id} class="row">
                    <span class={person.isReplaced ? 'quiet' : undefined}>{person.name}</span>
                    {person.decision !== null && <Status status={person.decision} />}
                    {person.comment !== null && <span class="quiet">{person.comment}</span>}
                  </li>
                ))}
              </ul>
            </Panel>
          )}
          <TaskHistory task={task} />
        </div>
      </div>
      {isReassigning && <ReassignDialog task={task} onClose={() => setReassigning(false)} />}
    </Page>
  );
}

/** How it ended, by whom and when: for who comes second. And the next one, for who goes on. */
function Over({ task }: { task: TaskDetail }): VNode {
  const { id, status, people, finishedAt, outcome, reason } = task;
  const now = useNow();
  const last = people
    .filter(({ decidedAt }) => decidedAt !== null)
    .sort((a, b) => String(b.decidedAt).localeCompare(String(a.decidedAt)))[0];
  const { word, icon, tone } = statusLook(last?.decision ?? status);
  // Told in the sentence itself while that is what one wants to know.
  const ago = finishedAt === null ? null : relativeTime(new Date(finishedAt), now);
  const when = ago === null ? '' : ` ${ago}`;
  return (
    <Banner tone={tone} icon={icon} actions={<NextTask after={id} />}>
      <strong>{last ? `${last.name} ${last.decision ?? 'answered'} it${when}.` : (reason?.message ?? `${word}.`)}</strong>
      {finishedAt !== null && (
        <span>
          <Time at={finishedAt} inline />
        </span>
      )}
      {outcome !== null && <JsonView value={outcome} label="the answer" />}
    </Banner>
  );
}

function Record({ task: { record, shown, runId, workflow } }: { task: TaskDetail }): VNode | null {
  const mayView = useMay('view');
  if (record === null) return null;
  return (
    <Panel title="About">
      <div class="stack">
        <p>
          <b>{record.title}</b>{' '}
          {record.url !== null && (
            <a href={record.url} target="_top" class="nowrap">
              in the CRM
            </a>
          )}
        </p>
        <Values values={shown} />
        {mayView && (
          <p class="row">
            <a class="row" href={`runs/${runId}`}>
              <Icon name="runs" size={12} />
              The run of {workflow.name ?? 'a deleted workflow'}
            </a>
            <a class="row" href={hrefOf('why', { module: record.module, id: record.id })}>
              <Icon name="question" size={12} />
              What happened to it
            </a>
          </p>
        )}
      </div>
    </Panel>
  );
}

/** What people have answered before, in the same run. */
function Collected({ task: { collected } }: { task: TaskDetail }): VNode {
  return (
    <Panel title="Collected so far">
      <ul class="history">
        {collected.map(({ taskId, title, by, at, decision, comment, values }) => (
          <li key={taskId}>
            <b>{title}</b>: {by?.name ?? 'somebody'} {decision ?? 'answered'} it
            {comment !== null && (
              <>
                : <span class="task-said">{comment}</span>
              </>
            )}
            <span class="cell-sub">
              <Time at={at} inline />
            </span>
            <Values values={values} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Values({ values }: { values: TaskDetail['shown'] }): VNode | null {
  const zone = useZone();
  if (values.length === 0) return null;
  return (
    <dl class="facts">
      {values.map(({ field, label, value }) => [<dt key={`${field} label`}>{label}</dt>, <dd key={field}>{shownValue(value, zone)}</dd>])}
    </dl>
  );
}
