import type { VNode } from 'preact';
import type { ErrorBody } from '../../api/client.js';
import { useCatalog } from '../../api/me.js';
import { useAsk } from '../../api/query.js';
import { triggerWords } from '../../model/definition-words.js';
import { boundedCount } from '../../model/run-filter.js';
import { countWords, numberWords } from '../../model/words.js';
import { Panel } from '../../ui/page.js';
import { AskedError } from '../../ui/pending.js';
import { ErrorPanel, Skeleton } from '../../ui/states.js';
import { Time } from '../../ui/time.js';
import type { WorkflowDetail } from '../editor/types.js';

interface WorkflowTiming {
  type: string | null;
  status: string;
  next: { at: string; words: string }[];
  dates: {
    waiting: number;
    waitingIsExact: boolean;
    nextAt: string | null;
    build: {
      state: 'building' | 'done' | 'not_listed';
      seen: number;
      noted: number;
      problem: Pick<ErrorBody, 'message' | 'hint' | 'code'> | null;
    } | null;
  } | null;
}

/** When a workflow starts by itself next: a schedule in words, or how many records wait for their dates. */
export function Timing({ workflow }: { workflow: WorkflowDetail }): VNode {
  const catalog = useCatalog();
  const asked = useAsk<WorkflowTiming>(`workflows/${workflow.id}/timing`, { every: 60_000 });
  return (
    <Panel title="When it starts">
      <div class="stack">
        {workflow.version === null ? (
          <p>It starts once it is published: {triggerWords(workflow.definition.trigger, catalog)}.</p>
        ) : (
          <p>
            <strong>{triggerWords(workflow.trigger ?? undefined, catalog)}</strong>
          </p>
        )}
        <AskedError asked={asked} />
        {asked.data === undefined && !asked.error && <Skeleton what="the next times" rows={3} />}
        {asked.data && workflow.version !== null && <Next timing={asked.data} />}
      </div>
    </Panel>
  );
}

function Next({ timing: { type, status, next, dates } }: { timing: WorkflowTiming }): VNode {
  if (status !== 'active') return <p class="quiet">Nothing starts while it is {status}.</p>;
  if (type === 'schedule') {
    return (
      <div>
        <h3>Next times</h3>
        <ul class="workflow-times">
          {next.map(({ at, words }) => (
            <li key={at}>{words}</li>
          ))}
        </ul>
      </div>
    );
  }
  if (dates === null) return <p class="quiet">What is published starts by something else.</p>;
  const { waiting, waitingIsExact, nextAt, build } = dates;
  return (
    <>
      <p>
        {boundedCount(waiting, waitingIsExact)} {waiting === 1 ? 'record waits' : 'records wait'} for its time.
        {nextAt !== null && (
          <>
            {' '}
            The first: <Time at={nextAt} inline />
          </>
        )}
      </p>
      {build?.state === 'building' && (
        <p>
          Records that were there before are being looked at: {countWords(build.seen, 'record')} so far, {numberWords(build.noted)} of them
          wait.
        </p>
      )}
      {build?.state === 'not_listed' && <p>The CRM cannot list its records: only those that change from now on are seen.</p>}
      {build?.problem && <ErrorPanel error={build.problem} />}
    </>
  );
}
