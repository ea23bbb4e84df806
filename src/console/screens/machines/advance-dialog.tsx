import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Json } from '../../../core/json.js';
import type { OfferedTransition } from '../../../core/machine/offered.js';
import { call, type ErrorBody, errorBodyOf } from '../../api/client.js';
import { forget } from '../../api/query.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { NoteField } from '../../ui/field.js';
import { toast } from '../../ui/live.js';
import { ErrorPanel } from '../../ui/states.js';
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
  const [error, setError] = useState<ErrorBody | null>(null);
  const [isBusy, setBusy] = useState(false);
  const advance = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      // What is on this page is about this stay in the state: if it is over, nothing is done.
      const body = { transition: code, entry, comment: comment.trim() || null, ...(input && { input: valuesOf(values) }) };
      const { runId } = await call<{ runId: string | null }>('POST', `instances/${id}/advance`, { body });
      onClose();
      toast(
        runId === null ? `It is in ${to} now.` : `“${code}” is under way.`,
        runId === null ? {} : { detail: 'It moves when its steps are done.' },
      );
      await forget('instances', 'machines', 'runs');
    } catch (failure) {
      const told = errorBodyOf(failure);
      setError(told);
      setBusy(false);
      // Somebody was faster: what is behind the dialog is old.
      if (told.statusCode === 409) await forget('instances');
    }
  };
  return (
    <Dialog
      title={`Advance by “${code}”`}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Leave it in {state}</Button>
          <Button kind="primary" icon="play" busy={isBusy} onClick={() => void advance()}>
            Advance to {to}
          </Button>
        </>
      }
    >
      <p>
        {description} From <b>{state}</b> to <b>{to}</b>.{' '}
        {hasSteps ? 'Its steps are done first; it moves when they are.' : 'It moves at once.'}
      </p>
      <InputForm fields={input ?? []} values={values} problems={error?.problems ?? []} onChange={setValues} />
      <NoteField label="Comment (optional)" hint="Kept in its history and in the audit." value={comment} onChange={setComment} />
      {error && <ErrorPanel error={error} />}
    </Dialog>
  );
}
