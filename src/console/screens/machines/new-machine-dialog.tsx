import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../../api/client.js';
import { useCatalog } from '../../api/me.js';
import { forget } from '../../api/query.js';
import { ActionDialog } from '../../parts/dialogs/action-dialog.js';
import { Field, SelectBox } from '../../ui/field.js';
import { navigate } from '../../ui/location.js';
import type { MachineDetail } from './types.js';

/** A machine to begin with: two states, and a way between them. */
const STATES = [
  { code: 'NEW', initial: true },
  { code: 'DONE', final: true },
];
const TRANSITIONS = [{ code: 'finish', from: ['NEW'], to: 'DONE', trigger: { type: 'manual' } }];

/** Makes a machine for a module. */
export function NewMachineDialog({ onClose }: { onClose: () => void }): VNode {
  const modules = useCatalog()?.modules ?? [];
  const [name, setName] = useState('');
  const [chosen, setChosen] = useState<string | null>(null);
  const module = chosen ?? modules[0]?.name ?? '';
  const definition = { for: { module }, states: STATES, transitions: TRANSITIONS };
  return (
    <ActionDialog
      title="New state machine"
      keep="Make none"
      verb="Make it"
      icon="plus"
      blocked={name.trim() === '' ? 'Give it a name first' : null}
      act={() => call<MachineDetail>('POST', 'machines', { body: { name: name.trim(), definition } })}
      onDone={({ id }) => {
        void forget('machines');
        navigate(`machines/${id}`);
      }}
      onClose={onClose}
    >
      <Field label="Name">
        {(told) => <input {...told} class="input" maxLength={200} value={name} onInput={(event) => setName(event.currentTarget.value)} />}
      </Field>
      <Field label="Follows" hint="An instance for each record. Both can be changed later.">
        {(told) => (
          <SelectBox {...told} value={module} onChange={setChosen}>
            {modules.map((one) => (
              <option key={one.name} value={one.name}>
                {one.label}
              </option>
            ))}
          </SelectBox>
        )}
      </Field>
    </ActionDialog>
  );
}
