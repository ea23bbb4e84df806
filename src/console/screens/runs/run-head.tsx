import type { VNode } from 'preact';
import type { DefinitionDiff } from '../../../core/definition/diff.js';
import { useCatalog } from '../../api/me.js';
import { useAsk } from '../../api/query.js';
import type { RunDetail, WorkflowItem } from '../../api/types.js';
import { actorWords, eventWords } from '../../model/actor-words.js';
import { hrefOf } from '../../model/route.js';
import { diffWords } from '../../model/version-words.js';
import { RecordName } from '../../parts/runs/record-name.js';
import { Icon } from '../../ui/icon.js';
import { Status } from '../../ui/status.js';
import { Time, Took } from '../../ui/time.js';

/** What a run is, in a line: how it stands, on which version, about what, since when; and whose runs led to it. */
export function RunHead({ run }: { run: RunDetail }): VNode {
  return (
    <>
      <span class="head-facts">
        <Status status={run.status} />
        {run.transition ? <Transition run={run} transition={run.transition} /> : <Version run={run} />}
        <RecordName module={run.module} recordId={run.recordId} url={run.recordUrl} />
        <StartedBy run={run} />
        <Time at={run.startedAt ?? run.createdAt} inline />
        {run.durationMs !== null && (
          <span>
            took <Took ms={run.durationMs} />
          </span>
        )}
      </span>
      {run.cause && run.cause.path.length > 0 && <Chain run={run} cause={run.cause} />}
    </>
  );
}

function Transition({ run, transition }: { run: RunDetail; transition: NonNullable<RunDetail['transition']> }): VNode {
  const { instanceId, workflowId, version } = run;
  return (
    <>
      <span>
        Transition {instanceId ? <a href={`instances/${instanceId}`}>{transition.code}</a> : transition.code} to {transition.to}
      </span>
      <a href={`machines/${workflowId}/versions`}>Version {version}</a>
    </>
  );
}

function Version({ run: { workflowId, version } }: { run: RunDetail }): VNode {
  const workflow = useAsk<WorkflowItem>(`workflows/${workflowId}`, { fresh: 30_000, keep: false });
  const newest = workflow.data?.version ?? null;
  const isOld = newest !== null && newest !== version;
  const diff = useAsk<DefinitionDiff>(`workflows/${workflowId}/diff`, {
    query: { from: version, to: newest },
    enabled: isOld,
    fresh: Number.POSITIVE_INFINITY,
    keep: false,
  });
  if (newest === null) return <span>Version {version}</span>;
  if (!isOld) return <a href={`workflows/${workflowId}`}>Version {version}</a>;
  return (
    <span>
      <a href={hrefOf(`workflows/${workflowId}/versions`, { from: version, to: newest })}>Version {version}</a>
      <span class="quiet">
        ; the workflow is at v{newest} now{diff.data ? `: ${diffWords(diff.data)}` : ''}
      </span>
    </span>
  );
}

function StartedBy({ run: { event, eventId, actor, parent, cause } }: { run: RunDetail }): VNode {
  const catalog = useCatalog();
  const by = <>by {actorWords(actor)}</>;
  if (parent) {
    return (
      <span>
        a step of <a href={hrefOf(`runs/${parent.runId}`, { step: parent.path })}>another run</a> started it
      </span>
    );
  }
  // Who made the event stands in the chain below.
  if (event)
    return (
      <span>
        {eventWords(event, catalog)} {cause ? '' : by}
      </span>
    );
  return <span>{eventId === null ? by : <>{by}; the event is not kept any more</>}</span>;
}

/** The runs of which each made the event that started the next one, the first first. */
function Chain({ run, cause: { path, runId, step } }: { run: RunDetail; cause: NonNullable<RunDetail['cause']> }): VNode {
  return (
    <ol class="run-chain" aria-label="What led to it">
      {path.map(({ workflowId, workflowName, module, recordId }, index) => {
        const isLast = index === path.length - 1;
        return (
          <li key={String(index)}>
            <a href={isLast ? hrefOf(`runs/${runId}`, { step }) : hrefOf('runs', { workflowId, module, recordId })}>
              {workflowName ?? 'An earlier workflow'}
            </a>{' '}
            <span class="quiet">
              <RecordName module={module} recordId={recordId} />
            </span>
            <Icon name="arrow" size={12} />
          </li>
        );
      })}
      <li>{run.workflowName ?? 'this run'}</li>
    </ol>
  );
}
