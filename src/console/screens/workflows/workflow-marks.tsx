import type { VNode } from 'preact';
import type { WorkflowItem } from '../../api/types.js';
import { actorWords } from '../../model/actor-words.js';
import { DraftMarks } from '../../parts/drafts/draft-marks.js';
import { Mark } from '../../ui/status.js';

/** What is to be known of a workflow beside its status: its version, and what keeps its draft from being that. */
export function WorkflowMarks({ workflow }: { workflow: WorkflowItem }): VNode {
  const { pausedBy, pausedReason } = workflow;
  return (
    <>
      <DraftMarks item={workflow} />
      {pausedReason !== null && (
        <Mark icon="pause" tone="warn">
          {`${pausedReason}${pausedBy ? ` (${actorWords(pausedBy)})` : ''}`}
        </Mark>
      )}
    </>
  );
}
