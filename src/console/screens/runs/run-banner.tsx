import type { ComponentChildren, VNode } from 'preact';
import { useMay } from '../../api/me.js';
import { useAsk } from '../../api/query.js';
import type { RunDetail, TaskPage, Waiting } from '../../api/types.js';
import { actorWords } from '../../model/actor-words.js';
import { hrefOf } from '../../model/route.js';
import { plainPath } from '../../model/run-tree.js';
import { countWords } from '../../model/words.js';
import { ticketText } from '../../parts/runs/ticket.js';
import { Button, LinkButton } from '../../ui/button.js';
import { download } from '../../ui/download.js';
import { copy } from '../../ui/json-view.js';
import { Banner } from '../../ui/states.js';
import { Time, Told } from '../../ui/time.js';

const LOOKS = {
  failed: { tone: 'bad', icon: 'cross' },
  waiting: { tone: 'warn', icon: 'clock' },
  skipped: { tone: 'skip', icon: 'skip' },
  cancelled: { tone: 'neutral', icon: 'dash' },
  running: { tone: 'info', icon: 'play' },
  queued: { tone: 'neutral', icon: 'lines' },
  succeeded: { tone: 'ok', icon: 'check' },
} as const;

interface RunBannerProps {
  run: RunDetail;
  onRetry: () => void;
  onCancel: () => void;
}

/** What became of a run, why, and what somebody can do about it. */
export function RunBanner({ run, onRetry, onCancel }: RunBannerProps): VNode {
  const { tone, icon } = LOOKS[run.status];
  const { error } = run;
  const attempts = error?.step === undefined ? 0 : run.steps.filter(({ path }) => path === error.step).length;
  const causes = Array.isArray(error?.causes) ? error.causes : [];
  return (
    <Banner tone={tone} icon={icon} actions={<Actions run={run} onRetry={onRetry} onCancel={onCancel} />}>
      <strong>
        <Told text={run.summary} />
      </strong>
      {error?.hint && <span>{error.hint}</span>}
      {error && (
        <span class="run-facts">
          <code class="banner-code">{error.code}</code>
          {attempts > 1 && <span>after {countWords(attempts, 'attempt')}</span>}
        </span>
      )}
      {causes.map((cause) => (
        <span key={String(cause)}>Because: {String(cause)}</span>
      ))}
      {run.status === 'waiting' && <Waits run={run} />}
      {run.cancelled && (
        <span>
          By {actorWords(run.cancelled.by)}, <Time at={run.cancelled.at} inline />
          {run.cancelled.reason && `: ${run.cancelled.reason}`}
        </span>
      )}
      {run.retriedAs && (
        <span>
          It was retried from the start: <a href={`runs/${run.retriedAs}`}>the run that repeats it</a>.
        </span>
      )}
      {run.retryOf && (
        <span>
          It repeats <a href={`runs/${run.retryOf}`}>an earlier run</a>.
        </span>
      )}
      {run.parent?.waits && <span>The run that started it waits for its end.</span>}
    </Banner>
  );
}

function Actions({ run, onRetry, onCancel }: RunBannerProps): VNode {
  const mayOperate = useMay('operate');
  const isOver = !['queued', 'running', 'waiting'].includes(run.status);
  const canTest = run.transition === null && run.workflowCode !== null && (run.status === 'failed' || run.status === 'skipped');
  return (
    <>
      {mayOperate && isOver && run.status !== 'skipped' && (
        <Button icon="retry" kind={run.status === 'failed' ? 'primary' : 'plain'} onClick={onRetry}>
          Retry …
        </Button>
      )}
      {canTest && (
        <LinkButton icon="play" href={hrefOf(`workflows/${run.workflowId}`, { test: `run:${run.id}` })}>
          Test the draft with it
        </LinkButton>
      )}
      {mayOperate && !isOver && (
        <Button icon="stop" onClick={onCancel}>
          Cancel …
        </Button>
      )}
      <Button icon="copy" onClick={() => void copy(ticketText(run, location.href))}>
        Copy for a ticket
      </Button>
      <Button icon="download" onClick={() => download(`run-${run.id}.json`, run)}>
        Download
      </Button>
    </>
  );
}

const MOST_WAITS = 5;

/** For what it waits, and who can end that. */
function Waits({ run: { id, waiting, children } }: { run: RunDetail }): VNode | null {
  const mayAnswer = useMay('tasks');
  const waits = waiting ?? [];
  const asksPeople = waits.some(({ reason }) => !['retry', 'in_flight', 'delay', 'workflow', 'webhook'].includes(reason));
  const tasks = useAsk<TaskPage>('tasks', { query: { runId: id, limit: 20 }, enabled: mayAnswer && asksPeople, keep: false });
  const ends = ({ reason, resumeUrl }: Waiting): ComponentChildren => {
    switch (reason) {
      case 'retry':
        return 'it tries again by itself';
      case 'in_flight':
        return 'the answer of what it has called ends it';
      case 'delay':
        return 'time ends it';
      case 'workflow': {
        const child = children.find(({ parent, status }) => parent?.waits && ['queued', 'running', 'waiting'].includes(status));
        return child ? <a href={`runs/${child.id}`}>the run that it started ends it</a> : 'the run that it started ends it';
      }
      case 'webhook':
        return resumeUrl === undefined ? (
          'a call of its address ends it'
        ) : (
          <>
            a call of its address ends it{' '}
            <Button small icon="copy" onClick={() => void copy(resumeUrl)}>
              Copy the address
            </Button>
          </>
        );
      default:
        return 'whoever is asked ends it';
    }
  };
  return (
    <ul class="run-waits">
      {waits.slice(0, MOST_WAITS).map((wait) => (
        <li key={wait.path}>
          <a href={hrefOf(`runs/${id}`, { step: plainPath(wait.path) })}>{wait.path}</a>: {ends(wait)}
          {wait.until !== null && (
            <>
              , at the latest <Time at={wait.until} inline />
            </>
          )}
        </li>
      ))}
      {waits.length > MOST_WAITS && <li>and {countWords(waits.length - MOST_WAITS, 'more', 'more')}</li>}
      {(tasks.data?.items ?? []).map(({ id: taskId, title, assignee, queue }) => (
        <li key={taskId}>
          The task: <a href={`tasks/${taskId}`}>{title}</a>
          {assignee ? `, which ${assignee.name} has` : queue !== null ? `, in ${queue}` : ''}
        </li>
      ))}
    </ul>
  );
}
