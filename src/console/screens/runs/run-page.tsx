import './run-page.css';
import type { VNode } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { JsonObject } from '../../../core/json.js';
import { useAsk } from '../../api/query.js';
import type { RunDetail, WorkflowVersion } from '../../api/types.js';
import { changedQuery, hrefOf } from '../../model/route.js';
import { findNode, plainPath, type RunNode, runTree } from '../../model/run-tree.js';
import { AttemptView } from '../../parts/runs/attempt-view.js';
import { RetryDialog } from '../../parts/runs/retry-dialog.js';
import { RunSteps } from '../../parts/runs/run-steps.js';
import { usePlace } from '../../ui/location.js';
import { Page, Panel } from '../../ui/page.js';
import { PendingPage } from '../../ui/pending.js';
import { CancelDialog } from './cancel-dialog.js';
import { Background, Conditions } from './run-background.js';
import { RunBanner } from './run-banner.js';
import { RunHead } from './run-head.js';

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
  const version = useAsk<WorkflowVersion>(`${run?.transition ? 'machines' : 'workflows'}/${run?.workflowId}/versions/${run?.version}`, {
    enabled: run !== undefined,
    fresh: Number.POSITIVE_INFINITY,
    keep: false,
  });
  const definition = definitionOf(version.data, run?.transition?.code);
  const nodes = useMemo(() => (run ? runTree(definition, run.steps) : []), [definition, run?.steps]);
  if (asked.error?.status === 404 || !run || version.isLoading) {
    return (
      <PendingPage
        asked={asked}
        thing="run"
        back={BACK}
        missing="There is no run of this id in this workspace"
        hint="Runs are kept for a while, and then removed."
      />
    );
  }
  return <Run run={run} nodes={nodes} />;
}

const BACK = { href: 'runs', label: 'Runs' };

function Run({ run, nodes }: { run: RunDetail; nodes: readonly RunNode[] }): VNode {
  const { query } = usePlace();
  const [dialog, setDialog] = useState<'retry' | 'cancel' | null>(null);
  const path = query.get('step') ?? tellingStep(run);
  const node = path === null ? null : findNode(nodes, path);
  const attempt = Number(query.get('attempt') ?? 0);
  const close = (): void => setDialog(null);
  return (
    <Page title={run.workflowName ?? 'Run of a deleted workflow'} back={BACK} sub={<RunHead run={run} />}>
      <RunBanner run={run} onRetry={() => setDialog('retry')} onCancel={() => setDialog('cancel')} />
      <div class="run-columns">
        <Panel title="Steps">
          {nodes.length === 0 ? (
            <p class="quiet">Nothing was to do.</p>
          ) : (
            <RunSteps
              run={run}
              nodes={nodes}
              chosen={node?.path ?? null}
              attempt={attempt}
              hrefOfStep={(step, which = 0) => hrefOf(`runs/${run.id}`, changedQuery(query, { step, attempt: which === 0 ? null : which }))}
            />
          )}
        </Panel>
        {node ? (
          <div class="card card-padded">
            <AttemptView node={node} chosen={attempt} module={run.module} isTold={run.error?.step === node.path} />
          </div>
        ) : (
          <Conditions run={run} />
        )}
      </div>
      <Background run={run} hasConditions={node !== null} />
      {dialog === 'retry' && <RetryDialog run={run} onClose={close} />}
      {dialog === 'cancel' && <CancelDialog run={run} onClose={close} />}
    </Page>
  );
}

/** What the run goes by: of a state machine, the transition whose steps it does. */
function definitionOf(version: WorkflowVersion | undefined, transition: string | undefined): JsonObject | null {
  const definition = version?.definition ?? null;
  if (transition === undefined || definition === null) return definition;
  return (definition.transitions as JsonObject[]).find(({ code }) => code === transition) ?? null;
}

/** The step that says most: the one that failed, the one it stands at, else the last one. */
function tellingStep({ error, position, steps }: RunDetail): string | null {
  const path = error?.step ?? position[0]?.path ?? steps.at(-1)?.path ?? null;
  return path === null ? null : plainPath(path);
}
