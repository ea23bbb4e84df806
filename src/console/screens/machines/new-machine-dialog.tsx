import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { call, type ErrorBody, errorBodyOf } from '../../api/client.js';
import { useCatalog } from '../../api/me.js';
import { forget } from '../../api/query.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { Field, SelectBox } from '../../ui/field.js';
import { navigate } from '../../ui/location.js';
import { ErrorPanel } from '../../ui/states.js';
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
  const [error, setError] = useState<ErrorBody | null>(null);
  const [isBusy, setBusy] = useState(false);
  const module = chosen ?? modules[0]?.name ?? '';
  const create = async (): Promise<void> => {
    setBusy(true);
    try {
      const definition = { for: { module }, states: STATES, transitions: TRANSITIONS };
      const made = await call<MachineDetail>('POST', 'machines', { body: { name: name.trim(), definition } });
      onClose();
      void forget('machines');
      navigate(`machines/${made.id}`);
    } catch (failure) {
      setError(errorBodyOf(failure));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title="New state machine"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Make none</Button>
          <Button
            kind="primary"
            icon="plus"
            busy={isBusy}
            blocked={name.trim() === '' ? 'Give it a name first' : null}
            onClick={() => void create()}
          >
            Make it
          </Button>
        </>
      }
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
      {error && <ErrorPanel error={error} />}
    </Dialog>
  );
}
