import './workflow.css';
import type { ComponentChildren, VNode } from 'preact';
import { useAsk } from '../../api/query.js';
import { Page } from '../../ui/page.js';
import { ErrorPanel, Skeleton } from '../../ui/states.js';
import { type WorkflowTab, WorkflowTabs } from '../editor/tabs.js';
import type { WorkflowDetail } from '../editor/types.js';
import { WorkflowMarks } from '../workflows/workflow-marks.js';
import { WorkflowSwitch } from '../workflows/workflow-switch.js';

const BACK = { href: 'workflows', label: 'Workflows' };

/** A page of one workflow: its name, how it stands, and the way to its other pages. */
export function WorkflowFrame({
  id,
  current,
  children,
}: {
  id: string;
  current: WorkflowTab;
  children: (workflow: WorkflowDetail) => ComponentChildren;
}): VNode {
  const { data: workflow, error, refetch } = useAsk<WorkflowDetail>(`workflows/${id}`, { keep: false, every: 30_000 });
  if (workflow === undefined) {
    const isMissing = error?.status === 404;
    return (
      <Page title={isMissing ? 'No such workflow' : 'Workflow'} back={BACK}>
        {error ? (
          <ErrorPanel error={error.body} {...(!isMissing && { retry: () => void refetch() })} />
        ) : (
          <Skeleton what="the workflow" rows={8} />
        )}
      </Page>
    );
  }
  return (
    <Page
      title={workflow.name}
      back={BACK}
      sub={
        <span class="workflow-standing">
          <WorkflowSwitch workflow={workflow} />
          <WorkflowMarks workflow={workflow} />
        </span>
      }
    >
      <WorkflowTabs id={id} current={current} />
      {error && <ErrorPanel error={error.body} retry={() => void refetch()} />}
      {children(workflow)}
    </Page>
  );
}
