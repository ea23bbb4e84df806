import type { ComponentChildren, VNode } from 'preact';
import { call } from '../../api/client.js';
import { drop, forget } from '../../api/query.js';
import { toast } from '../../ui/live.js';
import { ActionDialog } from './action-dialog.js';

interface DeleteDialogProps {
  /** What is deleted, as the API knows it: `workflows/…`. */
  path: string;
  name: string;
  onDeleted?: () => void;
  onClose: () => void;
  /** What goes with it. */
  children: ComponentChildren;
}

/** Asks once before something is deleted: nothing brings it back. */
export function DeleteDialog({ path, name, onDeleted, onClose, children }: DeleteDialogProps): VNode {
  const [list = ''] = path.split('/');
  return (
    <ActionDialog
      title={`Delete “${name}”?`}
      keep="Keep it"
      verb="Delete"
      icon="trash"
      danger
      act={() => call('DELETE', path)}
      onDone={() => {
        drop(path);
        toast(`“${name}” is deleted.`);
        onDeleted?.();
        void forget(list);
      }}
      onClose={onClose}
    >
      {children}
    </ActionDialog>
  );
}
