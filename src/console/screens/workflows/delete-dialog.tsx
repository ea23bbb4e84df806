import type { VNode } from 'preact';
import type { WorkflowItem } from '../../api/types.js';
import { DeleteDialog } from '../../parts/dialogs/delete-dialog.js';

interface DeleteWorkflowProps {
  workflow: WorkflowItem;
  onDeleted?: () => void;
  onClose: () => void;
}

/** Deletes a workflow, after saying what stays of it. */
export function DeleteWorkflowDialog({ workflow: { id, name }, onDeleted, onClose }: DeleteWorkflowProps): VNode {
  return (
    <DeleteDialog path={`workflows/${id}`} name={name} onDeleted={onDeleted} onClose={onClose}>
      <p>Its definition, its versions and what it remembers are gone for good. Its runs stay in the log.</p>
      <p>To keep it for later, archive it.</p>
    </DeleteDialog>
  );
}
