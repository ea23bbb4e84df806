import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../../api/client.js';
import { forget } from '../../api/query.js';
import type { RunDetail } from '../../api/types.js';
import { ActionDialog } from '../../parts/dialogs/action-dialog.js';
import { NoteField } from '../../ui/field.js';
import { toast } from '../../ui/live.js';

/** Ends a run that is not over, after asking. */
export function CancelDialog({ run, onClose }: { run: RunDetail; onClose: () => void }): VNode {
  const [reason, setReason] = useState('');
  return (
    <ActionDialog
      title="Cancel this run?"
      keep="Keep it going"
      verb="Cancel the run"
      icon="stop"
      danger
      act={() => call('POST', `runs/${run.id}/cancel`, { body: { reason: reason.trim() || null } })}
      onDone={() => {
        toast('The run is cancelled.');
        void forget('runs');
      }}
      onClose={onClose}
    >
      <p>What it has done stays done. It cannot go on afterwards; it can be retried from the start.</p>
      <NoteField hint="Kept with the run and in the audit." value={reason} onChange={setReason} />
    </ActionDialog>
  );
}
