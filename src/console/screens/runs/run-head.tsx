import type { VNode } from 'preact';
import type { DefinitionDiff } from '../../../core/definition/diff.js';
import { useCatalog } from '../../api/me.js';
import { useAsk } from '../../api/query.js';
import type { RunDetail, WorkflowItem } from '../../api/types.js';
import { actorWords, eventWords } from '../../model/actor-words.js';
import { hrefOf } from '../../model/route.js';
import { diffWords } from '../../model/version-words.js';
import { CauseChain } from '../../parts/runs/cause-chain.js';
import { RecordName } from '../../parts/runs/record-name.js';
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
      {run.cause && <CauseChain cause={run.cause} last={run.workflowName ?? 'this run'} />}
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
