import type { VNode } from 'preact';
import { RunFinder } from '../runs/run-list.js';
import { WorkflowFrame } from './workflow-frame.js';

/** The runs of one workflow. */
export function RunsTab({ id }: { id: string }): VNode {
  return (
    <WorkflowFrame id={id} current="runs">
      {() => <RunFinder workflowId={id} />}
    </WorkflowFrame>
  );
}
