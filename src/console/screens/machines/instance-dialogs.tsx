import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../../api/client.js';
import { forget } from '../../api/query.js';
import type { State } from '../../model/machine.js';
import { ActionDialog } from '../../parts/dialogs/action-dialog.js';
import { Field, NoteField, SelectBox } from '../../ui/field.js';
import { toast } from '../../ui/live.js';
import { navigate } from '../../ui/location.js';
import { TextArea } from '../../ui/text-area.js';
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
  return (
    <ActionDialog
      title="Put it into another state?"
      keep={`Leave it in ${state}`}
      verb={`Reset to ${to}`}
      icon="retry"
      danger
      blocked={reason.trim() === '' ? 'A reset needs a reason' : null}
      act={() => call('POST', `instances/${id}/reset`, { body: { state: to, reason: reason.trim(), entry } })}
      onDone={() => {
        toast(`It is in ${to} now.`);
        void forget('instances', 'machines', 'runs');
      }}
      onClose={onClose}
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
      <TextArea label="Reason" hint="Kept in its history and in the audit." maxLength={1000} value={reason} onChange={setReason} />
    </ActionDialog>
  );
}

/** Takes an instance away with its history. */
export function DeleteInstanceDialog({ instance: { id, machineId }, onClose }: { instance: InstanceItem; onClose: () => void }): VNode {
  const [reason, setReason] = useState('');
  return (
    <ActionDialog
      title="Delete this instance?"
      keep="Keep it"
      verb="Delete"
      icon="trash"
      danger
      act={() => call('DELETE', `instances/${id}`, { body: { reason: reason.trim() || null } })}
      onDone={() => {
        navigate(`machines/${machineId}/instances`, { replace: true });
        toast('The instance is deleted.');
        void forget('machines', 'runs');
      }}
      onClose={onClose}
    >
      <p>Its history is gone for good. What happens to the record next may make another instance, from the beginning.</p>
      <NoteField hint="Kept in the audit." value={reason} onChange={setReason} />
    </ActionDialog>
  );
}
