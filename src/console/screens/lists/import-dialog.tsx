import './import-dialog.css';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { ApiError, call } from '../../api/client.js';
import { forget } from '../../api/query.js';
import type { WorkflowItem } from '../../api/types.js';
import { hrefOf } from '../../model/route.js';
import { countWords } from '../../model/words.js';
import { ActionDialog } from '../../parts/dialogs/action-dialog.js';
import { Field } from '../../ui/field.js';
import { toast } from '../../ui/live.js';
import { navigate } from '../../ui/location.js';
import { TextArea } from '../../ui/text-area.js';

type Made = Pick<WorkflowItem, 'id' | 'name' | 'problemCount'>;

const NAMES = { workflows: 'workflow', machines: 'state machine' } as const;

/** Makes a draft of a file that was exported, here or elsewhere. */
export function ImportDialog({ kind, onClose }: { kind: keyof typeof NAMES; onClose: () => void }): VNode {
  const what = NAMES[kind];
  const [text, setText] = useState('');
  return (
    <ActionDialog
      title={`Import a ${what}`}
      wide
      keep="Import none"
      verb="Import as a draft"
      icon="download"
      blocked={text.trim() === '' ? 'Choose a file, or paste its text' : null}
      act={() => call<Made>('POST', `${kind}/import`, { body: parsed(text, what) })}
      onDone={({ id, name, problemCount }) => {
        toast(`“${name}” is imported, as a draft.`, {
          ...(problemCount > 0 && { detail: `${countWords(problemCount, 'problem')} to mend before it can be published.` }),
        });
        void forget(kind);
        navigate(hrefOf(`${kind}/${id}`));
      }}
      onClose={onClose}
    >
      <p>It starts nothing before it is published. Secrets are never in such a file: they are given again.</p>
      <Field label="File" hint={`As Export of a ${what} gives it.`}>
        {(told) => (
          <input
            {...told}
            type="file"
            accept=".json,application/json"
            onChange={(event) => void event.currentTarget.files?.[0]?.text().then(setText)}
          />
        )}
      </Field>
      <TextArea label="Its text" isCode rows={10} value={text} onChange={setText} />
    </ActionDialog>
  );
}

function parsed(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ApiError({ statusCode: 0, code: 'invalid_json', message: `This is no exported ${what}.`, hint: String(error) });
  }
}
