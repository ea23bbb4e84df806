import './run-page.css';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../../api/client.js';
import { useCatalog, useMay } from '../../api/me.js';
import { forget, useAsk } from '../../api/query.js';
import type { RunDetail, WorkflowItem, WorkflowVersion } from '../../api/types.js';
import { actorWords, eventWords } from '../../model/actor-words.js';
import { nearestMissWords } from '../../model/nearest-miss-words.js';
import { changedQuery, hrefOf } from '../../model/route.js';
import { findNode, plainPath, type RunNode, runTree } from '../../model/run-tree.js';
import { AttemptView } from '../../parts/runs/attempt-view.js';
import { RecordName } from '../../parts/runs/record-name.js';
import { RetryDialog } from '../../parts/runs/retry-dialog.js';
import { RunSteps } from '../../parts/runs/run-steps.js';
import { ticketText } from '../../parts/runs/ticket.js';
import { ChangesTable } from '../../parts/why/changes-table.js';
import { ExplanationView } from '../../parts/why/explanation-view.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { Field } from '../../ui/field.js';
import { copy, JsonView } from '../../ui/json-view.js';
import { toast, toastError } from '../../ui/live.js';
import { navigate, usePlace } from '../../ui/location.js';
import { Page, Panel } from '../../ui/page.js';
import { Banner, EmptyState, ErrorPanel, Skeleton } from '../../ui/states.js';
import { Status } from '../../ui/status.js';
import { Time, Took } from '../../ui/time.js';

const SOON_MS = 30_000;

/** How long until it is worth asking again: soon while something happens, never when it is over. */
function pauseOf(run: RunDetail | undefined): number | false {
  if (run?.status === 'queued' || run?.status === 'running') return 1_000;
  if (run?.status !== 'waiting') return false;
  const next = Math.min(...(run.waiting ?? []).map(({ until }) => (until === null ? Number.POSITIVE_INFINITY : Date.parse(until))));
  return next - Date.now() < SOON_MS ? 1_000 : 5_000;
}

/** One run: what became of it, step by step, and why. */
export function RunPage({ id }: { id: string }): VNode {
  const asked = useAsk<RunDetail>(`runs/${id}`, { every: pauseOf, keep: false });
  const run = asked.data;
  const version = useAsk<WorkflowVersion>(`workflows/${run?.workflowId}/versions/${run?.version}`, {
    enabled: run !== undefined,
    fresh: Number.POSITIVE_INFINITY,
    keep: false,
  });
  if (asked.error?.status === 404) {
    return (
      <Page title="No such run" back={BACK}>
        <EmptyState icon="question" title="There is no run of this id in this workspace">
          <span>Runs are kept for a while, and then removed.</span>
        </EmptyState>
      </Page>
    );
  }
  if (!run || version.isLoading) {
    return (
      <Page title="Run" back={BACK}>
        {asked.error ? <ErrorPanel error={asked.error.body} retry={() => void asked.refetch()} /> : <Skeleton what="the run" />}
      </Page>
    );
  }
  return <Run run={run} nodes={runTree(version.data?.definition ?? null, run.steps)} />;
}

const BACK = { href: 'runs', label: 'Runs' };

function Run({ run, nodes }: { run: RunDetail; nodes: readonly RunNode[] }): VNode {
  const { query } = usePlace();
  const [isRetrying, setRetrying] = useState(false);
  const [isCancelling, setCancelling] = useState(false);
  const mayOperate = useMay('operate');
  const path = query.get('step') ?? tellingStep(run);
  const node = path === null ? null : findNode(nodes, path);
  const isOver = !['queued', 'running', 'waiting'].includes(run.status);
  const choose = (attempt: number): void =>
    navigate(hrefOf(`runs/${run.id}`, changedQuery(query, { step: path, attempt: attempt === 0 ? null : attempt })), { replace: true });

  return (
    <Page
      title={run.workflowName ?? 'Run of a deleted workflow'}
      back={BACK}
      sub={<Head run={run} />}
      actions={
        <>
          <Button icon="copy" onClick={() => void copy(ticketText(run, location.href))}>
            Copy for a ticket
          </Button>
          {mayOperate && !isOver && (
            <Button icon="stop" onClick={() => setCancelling(true)}>
              Cancel …
            </Button>
          )}
          {mayOperate && isOver && run.status !== 'skipped' && (
            <Button icon="retry" kind={run.status === 'failed' ? 'primary' : 'plain'} onClick={() => setRetrying(true)}>
              Retry …
            </Button>
          )}
        </>
      }
    >
      <WhatHappened run={run} />
      <div class="run-columns">
        <Panel title="Steps">
          {nodes.length === 0 ? (
            <p class="quiet">Nothing was to do.</p>
          ) : (
            <RunSteps runId={run.id} nodes={nodes} module={run.module} chosen={node?.path ?? null} />
          )}
        </Panel>
        {node ? (
          <div class="card card-padded">
            <AttemptView
              node={node}
              chosen={Number(query.get('attempt') ?? 0)}
              module={run.module}
              isTold={run.error?.step === node.path}
              onChoose={choose}
            />
          </div>
        ) : (
          <Conditions run={run} />
        )}
      </div>
      <Background run={run} hasConditions={node !== null} />
      {isRetrying && <RetryDialog run={run} onClose={() => setRetrying(false)} />}
      {isCancelling && <CancelDialog run={run} onClose={() => setCancelling(false)} />}
    </Page>
  );
}

/** The step that says most: the one that failed, the one it stands at, else the last one. */
function tellingStep({ error, position, steps }: RunDetail): string | null {
  const path = error?.step ?? position[0]?.path ?? steps.at(-1)?.path ?? null;
  return path === null ? null : plainPath(path);
}

function Head({ run }: { run: RunDetail }): VNode {
  const workflow = useAsk<WorkflowItem>(`workflows/${run.workflowId}`, { fresh: 30_000, keep: false });
  const newest = workflow.data?.version ?? null;
  return (
    <span class="run-head">
      <Status status={run.status} />
      <span>
        {newest === null ? `Version ${run.version}` : <a href={`workflows/${run.workflowId}`}>Version {run.version}</a>}
        {newest !== null && newest !== run.version && <span class="quiet">; {newest} is published now</span>}
      </span>
      <RecordName module={run.module} recordId={run.recordId} />
      <span>by {actorWords(run.actor)}</span>
      <Time at={run.startedAt ?? run.createdAt} inline />
      {run.durationMs !== null && (
        <span>
          took <Took ms={run.durationMs} />
        </span>
      )}
    </span>
  );
}

const LOOKS = {
  failed: { tone: 'bad', icon: 'cross' },
  waiting: { tone: 'warn', icon: 'clock' },
  skipped: { tone: 'skip', icon: 'skip' },
  cancelled: { tone: 'neutral', icon: 'dash' },
  running: { tone: 'info', icon: 'play' },
  queued: { tone: 'neutral', icon: 'lines' },
  succeeded: { tone: 'ok', icon: 'check' },
} as const;

function WhatHappened({ run }: { run: RunDetail }): VNode {
  const { tone, icon } = LOOKS[run.status];
  return (
    <Banner tone={tone} icon={icon}>
      <strong>{run.summary}</strong>
      {run.error?.hint && <span>{run.error.hint}</span>}
      {run.error && <code class="banner-code">{run.error.code}</code>}
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
      {run.parent && (
        <span>
          A step of <a href={hrefOf(`runs/${run.parent.runId}`, { step: run.parent.path })}>another run</a> started it
          {run.parent.waits ? ' and waits for it' : ''}.
        </span>
      )}
    </Banner>
  );
}

/** What led to it, and what people did with it. */
function Background({ run, hasConditions }: { run: RunDetail; hasConditions: boolean }): VNode {
  const catalog = useCatalog();
  const { event, retries, children } = run;
  return (
    <div class="run-background">
      {event && (
        <Panel title="What started it">
          <div class="stack">
            <p>
              {eventWords(event, catalog)} by {actorWords(event.actor)}, <Time at={event.occurredAt} inline />
            </p>
            {event.changes && Object.keys(event.changes).length > 0 && <ChangesTable changes={event.changes} module={event.module} />}
            {event.trigger && <JsonView value={event.trigger} label="what it was started with" />}
            {event.record && (
              <details>
                <summary>The record as it was then</summary>
                <JsonView value={event.record} label="the record" />
              </details>
            )}
          </div>
        </Panel>
      )}
      {hasConditions && run.explanation && <Conditions run={run} />}
      {retries.length > 0 && (
        <Panel title="Retries">
          <ul class="run-history">
            {retries.map(({ at, by, from, newRunId, reason }) => (
              <li key={at}>
                <b>{actorWords(by)}</b> {from === 'start' ? 'from the start' : 'from the failed step'}
                {newRunId && (
                  <>
                    {' '}
                    (<a href={`runs/${newRunId}`}>its run</a>)
                  </>
                )}
                {reason && `: ${reason}`}
                <span class="cell-sub">
                  <Time at={at} inline />
                </span>
              </li>
            ))}
          </ul>
        </Panel>
      )}
      {children.length > 0 && (
        <Panel title="Runs that it started">
          <ul class="run-history">
            {children.map((child) => (
              <li key={child.id} class="row">
                <Status status={child.status} />
                <a href={`runs/${child.id}`}>{child.workflowName ?? 'Deleted workflow'}</a>
                <span class="quiet">{child.summary}</span>
              </li>
            ))}
          </ul>
        </Panel>
      )}
    </div>
  );
}

function Conditions({ run: { explanation, module } }: { run: RunDetail }): VNode {
  const catalog = useCatalog();
  return (
    <Panel title="Conditions">
      {explanation ? (
        <div class="stack">
          {!explanation.result && <p>{nearestMissWords(explanation, module, catalog)}</p>}
          <ExplanationView explanation={explanation} module={module} />
        </div>
      ) : (
        <p class="quiet">None were asked.</p>
      )}
    </Panel>
  );
}

function CancelDialog({ run, onClose }: { run: RunDetail; onClose: () => void }): VNode {
  const [reason, setReason] = useState('');
  const cancel = async (): Promise<void> => {
    onClose();
    try {
      await call('POST', `runs/${run.id}/cancel`, { body: { reason: reason.trim() || null } });
      toast('The run is cancelled.');
      await forget('runs');
    } catch (error) {
      toastError('The run could not be cancelled', error);
    }
  };
  return (
    <Dialog
      title="Cancel this run?"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Keep it going</Button>
          <Button kind="danger" icon="stop" onClick={() => void cancel()}>
            Cancel the run
          </Button>
        </>
      }
    >
      <p>What it has done stays done. It cannot go on afterwards; it can be retried from the start.</p>
      <Field label="Reason" hint="Kept with the run and in the audit.">
        {(control) => (
          <input {...control} class="input" maxLength={1000} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
        )}
      </Field>
    </Dialog>
  );
}
