import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Json } from '../../../core/json.js';
import type { OfferedTransition } from '../../../core/machine/offered.js';
import { ApiError, call } from '../../api/client.js';
import { forget } from '../../api/query.js';
import { ActionDialog } from '../../parts/dialogs/action-dialog.js';
import { NoteField } from '../../ui/field.js';
import { toast } from '../../ui/live.js';
import { InputForm, valuesOf } from './input-form.js';
import type { InstanceItem } from './types.js';

/** Fires a transition by hand, with what it asks for. */
export function AdvanceDialog({
  instance: { id, state, entry },
  transition: { code, to, description, hasSteps, input },
  onClose,
}: {
  instance: InstanceItem;
  transition: OfferedTransition;
  onClose: () => void;
}): VNode {
  const [values, setValues] = useState<Record<string, Json>>({});
  const [comment, setComment] = useState('');
  const advance = async (): Promise<{ runId: string | null }> => {
    // What is on this page is about this stay in the state: if it is over, nothing is done.
    const body = { transition: code, entry, comment: comment.trim() || null, ...(input && { input: valuesOf(values) }) };
    try {
      return await call('POST', `instances/${id}/advance`, { body });
    } catch (error) {
      // Somebody was faster: what is behind the dialog is old.
      if (error instanceof ApiError && error.status === 409) void forget('instances');
      throw error;
    }
  };
  return (
    <ActionDialog
      title={`Advance by “${code}”`}
      keep={`Leave it in ${state}`}
      verb={`Advance to ${to}`}
      icon="play"
      act={advance}
      onDone={({ runId }) => {
        if (runId === null) toast(`It is in ${to} now.`);
        else toast(`“${code}” is under way.`, { detail: 'It moves when its steps are done.' });
        void forget('instances', 'machines', 'runs');
      }}
      onClose={onClose}
    >
      {(error) => (
        <>
          <p>
            {description} From <b>{state}</b> to <b>{to}</b>.{' '}
            {hasSteps ? 'Its steps are done first; it moves when they are.' : 'It moves at once.'}
          </p>
          <InputForm fields={input ?? []} values={values} problems={error?.problems ?? []} onChange={setValues} />
          <NoteField label="Comment (optional)" hint="Kept in its history and in the audit." value={comment} onChange={setComment} />
        </>
      )}
    </ActionDialog>
  );
}
