import type { VNode } from 'preact';
import type { WorkflowItem } from '../../api/types.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';

/** Asks once before a workflow is deleted: nothing brings it back. */
export function DeleteDialog({
  workflow: { name },
  onDelete,
  onClose,
}: {
  workflow: WorkflowItem;
  onDelete: () => void;
  onClose: () => void;
}): VNode {
  return (
    <Dialog
      title={`Delete “${name}”?`}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Keep it</Button>
          <Button kind="danger" icon="trash" onClick={onDelete}>
            Delete
          </Button>
        </>
      }
    >
      <p>Its definition and versions are gone for good. Its runs stay in the log.</p>
      <p>To keep it for later, archive it.</p>
    </Dialog>
  );
}
