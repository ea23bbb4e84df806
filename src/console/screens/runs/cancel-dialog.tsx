import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../../api/client.js';
import { forget } from '../../api/query.js';
import type { RunDetail } from '../../api/types.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { NoteField } from '../../ui/field.js';
import { toast, toastError } from '../../ui/live.js';

/** Ends a run that is not over, after asking. */
export function CancelDialog({ run, onClose }: { run: RunDetail; onClose: () => void }): VNode {
  const [reason, setReason] = useState('');
  const cancel = async (): Promise<void> => {
    onClose();
    try {
      await call('POST', `runs/${run.id}/cancel`, { body: { reason: reason.trim() || null } });
      toast('The run is cancelled.');
      await forget('runs');
    } catch (error) {
      toastError('The run could not be cancelled', error);
    }
  };
  return (
    <Dialog
      title="Cancel this run?"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Keep it going</Button>
          <Button kind="danger" icon="stop" onClick={() => void cancel()}>
            Cancel the run
          </Button>
        </>
      }
    >
      <p>What it has done stays done. It cannot go on afterwards; it can be retried from the start.</p>
      <NoteField hint="Kept with the run and in the audit." value={reason} onChange={setReason} />
    </Dialog>
  );
}
