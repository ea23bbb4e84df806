import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { ApiError, call, type ErrorBody } from '../../api/client.js';
import { forget } from '../../api/query.js';
import { countWords } from '../../model/words.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { Field } from '../../ui/field.js';
import { toast } from '../../ui/live.js';
import { navigate } from '../../ui/location.js';
import { ErrorPanel } from '../../ui/states.js';
import type { MachineDetail } from './types.js';

/** Makes a draft of a file. */
export function ImportDialog({ onClose }: { onClose: () => void }): VNode {
  const [file, setFile] = useState<File | null>(null);
  const [error, setError] = useState<Pick<ErrorBody, 'message' | 'hint' | 'problems'> | null>(null);
  const [isBusy, setBusy] = useState(false);
  const read = async (): Promise<void> => {
    if (file === null) return;
    setBusy(true);
    setError(null);
    try {
      const made = await call<MachineDetail>('POST', 'machines/import', { body: JSON.parse(await file.text()) });
      onClose();
      const { length } = made.problems;
      toast(`“${made.name}” is imported, as a draft.`, length > 0 ? { detail: `${countWords(length, 'problem')} to mend.` } : {});
      navigate(`machines/${made.id}`);
      await forget('machines');
    } catch (failure) {
      if (failure instanceof ApiError) setError(failure.body);
      else setError({ message: `“${file.name}” is no JSON.`, hint: String(failure) });
      setBusy(false);
    }
  };
  return (
    <Dialog
      title="Import a state machine"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Import nothing</Button>
          <Button
            kind="primary"
            icon="download"
            busy={isBusy}
            blocked={file === null ? 'Choose a file first' : null}
            onClick={() => void read()}
          >
            Import
          </Button>
        </>
      }
    >
      <Field label="File" hint="As “Export” makes it. Files of other systems are understood, too: timeouts in hours, triggers by name.">
        {(control) => (
          <input
            {...control}
            type="file"
            class="file"
            accept=".json,application/json"
            onChange={(event) => {
              setFile(event.currentTarget.files?.[0] ?? null);
              setError(null);
            }}
          />
        )}
      </Field>
      {error && <ErrorPanel error={error} />}
    </Dialog>
  );
}
