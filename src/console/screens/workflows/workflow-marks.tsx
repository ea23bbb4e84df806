import type { VNode } from 'preact';
import type { WorkflowItem } from '../../api/types.js';
import { actorWords } from '../../model/actor-words.js';
import { countWords } from '../../model/words.js';
import { Mark } from '../../ui/status.js';

/** What is to be known of a workflow beside its status: its version, and what keeps its draft from being that. */
export function WorkflowMarks({ workflow }: { workflow: WorkflowItem }): VNode {
  const { version, hasUnpublishedChanges, problemCount, pausedBy, pausedReason } = workflow;
  return (
    <>
      {version !== null && <span>v{version}</span>}
      {hasUnpublishedChanges && version !== null && (
        <Mark icon="pencil" tone="info">
          unpublished changes
        </Mark>
      )}
      {problemCount > 0 && (
        <Mark icon="warning" tone="bad">
          {countWords(problemCount, 'problem')}
        </Mark>
      )}
      {pausedReason !== null && (
        <Mark icon="pause" tone="warn">
          {`${pausedReason}${pausedBy ? ` (${actorWords(pausedBy)})` : ''}`}
        </Mark>
      )}
    </>
  );
}
