import './import-dialog.css';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { ApiError, call, type ErrorBody } from '../../api/client.js';
import { forget } from '../../api/query.js';
import type { WorkflowItem } from '../../api/types.js';
import { hrefOf } from '../../model/route.js';
import { countWords } from '../../model/words.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { Field } from '../../ui/field.js';
import { toast } from '../../ui/live.js';
import { navigate } from '../../ui/location.js';
import { ErrorPanel } from '../../ui/states.js';

const NAMES = { workflows: 'workflow', machines: 'state machine' } as const;

/** Makes a draft of a file that was exported, here or elsewhere. */
export function ImportDialog({ kind = 'workflows', onClose }: { kind?: keyof typeof NAMES; onClose: () => void }): VNode {
  const what = NAMES[kind];
  const [text, setText] = useState('');
  const [error, setError] = useState<Pick<ErrorBody, 'message' | 'hint' | 'code' | 'problems'> | null>(null);
  const [isBusy, setBusy] = useState(false);
  const read = async (file: File | undefined): Promise<void> => {
    if (file === undefined) return;
    setError(null);
    setText(await file.text());
  };
  const take = async (): Promise<void> => {
    setBusy(true);
    try {
      const made = await call<Pick<WorkflowItem, 'id' | 'name' | 'problemCount'>>('POST', `${kind}/import`, { body: JSON.parse(text) });
      toast(`“${made.name}” is imported, as a draft.`, {
        ...(made.problemCount > 0 && { detail: `${countWords(made.problemCount, 'problem')} to mend before it can be published.` }),
      });
      onClose();
      void forget(kind);
      navigate(hrefOf(`${kind}/${made.id}`));
    } catch (failed) {
      setBusy(false);
      setError(
        failed instanceof ApiError ? failed.body : { message: `This is no exported ${what}.`, hint: String(failed), code: 'invalid_json' },
      );
    }
  };
  return (
    <Dialog
      title={`Import a ${what}`}
      wide
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Import none</Button>
          <Button
            kind="primary"
            icon="download"
            busy={isBusy}
            blocked={text.trim() === '' ? 'Choose a file, or paste its text' : null}
            onClick={() => void take()}
          >
            Import as a draft
          </Button>
        </>
      }
    >
      <p>It starts nothing before it is published. Secrets are never in such a file: they are given again.</p>
      <Field label="File" hint={`As Export of a ${what} gives it.`}>
        {(told) => (
          <input {...told} type="file" accept=".json,application/json" onChange={(event) => void read(event.currentTarget.files?.[0])} />
        )}
      </Field>
      <Field label="Its text">
        {(told) => (
          <textarea
            {...told}
            class="textarea mono"
            rows={10}
            spellcheck={false}
            value={text}
            onInput={(event) => {
              setError(null);
              setText(event.currentTarget.value);
            }}
          />
        )}
      </Field>
      {error && <ErrorPanel error={error} />}
    </Dialog>
  );
}
