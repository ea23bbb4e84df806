import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { call, type ErrorBody, errorBodyOf } from '../../api/client.js';
import { forget } from '../../api/query.js';
import type { State } from '../../model/machine.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { Field, NoteField, SelectBox } from '../../ui/field.js';
import { toast } from '../../ui/live.js';
import { navigate } from '../../ui/location.js';
import { ErrorPanel } from '../../ui/states.js';
import type { InstanceItem } from './types.js';

/** Puts an instance into a state, with the reason. */
export function ResetDialog({
  instance: { id, state, entry, transitioning },
  states,
  onClose,
}: {
  instance: InstanceItem;
  states: readonly State[];
  onClose: () => void;
}): VNode {
  const others = states.filter(({ code }) => code !== state);
  const [to, setTo] = useState(others[0]?.code ?? state);
  const [reason, setReason] = useState('');
  const [error, setError] = useState<ErrorBody | null>(null);
  const [isBusy, setBusy] = useState(false);
  const reset = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      await call('POST', `instances/${id}/reset`, { body: { state: to, reason: reason.trim(), entry } });
      onClose();
      toast(`It is in ${to} now.`);
      await forget('instances', 'machines', 'runs');
    } catch (failure) {
      setError(errorBodyOf(failure));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title="Put it into another state?"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Leave it in {state}</Button>
          <Button
            kind="danger"
            icon="retry"
            busy={isBusy}
            blocked={reason.trim() === '' ? 'A reset needs a reason' : null}
            onClick={() => void reset()}
          >
            Reset to {to}
          </Button>
        </>
      }
    >
      <p>
        No steps are run and no workflow hears of it. The time of the state counts from now.
        {transitioning && ` The run of “${transitioning.transition}” is cancelled.`}
      </p>
      <Field label="Into which state">
        {(control) => (
          <SelectBox {...control} value={to} onChange={setTo}>
            {others.map(({ code }) => (
              <option key={code} value={code}>
                {code}
              </option>
            ))}
            <option value={state}>{state} again</option>
          </SelectBox>
        )}
      </Field>
      <Field label="Reason" hint="Kept in its history and in the audit.">
        {(control) => (
          <textarea
            {...control}
            class="textarea"
            rows={2}
            maxLength={1000}
            value={reason}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        )}
      </Field>
      {error && <ErrorPanel error={error} />}
    </Dialog>
  );
}

/** Takes an instance away with its history. */
export function DeleteInstanceDialog({ instance: { id, machineId }, onClose }: { instance: InstanceItem; onClose: () => void }): VNode {
  const [reason, setReason] = useState('');
  const [error, setError] = useState<ErrorBody | null>(null);
  const [isBusy, setBusy] = useState(false);
  const remove = async (): Promise<void> => {
    setBusy(true);
    try {
      await call('DELETE', `instances/${id}`, { body: { reason: reason.trim() || null } });
      onClose();
      navigate(`machines/${machineId}/instances`, { replace: true });
      toast('The instance is deleted.');
      await forget('machines', 'runs');
    } catch (failure) {
      setError(errorBodyOf(failure));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title="Delete this instance?"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Keep it</Button>
          <Button kind="danger" icon="trash" busy={isBusy} onClick={() => void remove()}>
            Delete
          </Button>
        </>
      }
    >
      <p>Its history is gone for good. What happens to the record next may make another instance, from the beginning.</p>
      <NoteField label="Reason (optional)" hint="Kept in the audit." value={reason} onChange={setReason} />
      {error && <ErrorPanel error={error} />}
    </Dialog>
  );
}
