import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Json, JsonObject } from '../../../core/json.js';
import { call } from '../../api/client.js';
import { forget, useAsk } from '../../api/query.js';
import { shortened } from '../../model/words.js';
import { ActionDialog } from '../../parts/dialogs/action-dialog.js';
import { Button, IconButton } from '../../ui/button.js';
import { Field, NoteField } from '../../ui/field.js';
import { toast, toastError } from '../../ui/live.js';
import { Panel } from '../../ui/page.js';
import { AskedError } from '../../ui/pending.js';
import { Skeleton } from '../../ui/states.js';
import { TextArea } from '../../ui/text-area.js';

/** What a workflow remembers from run to run. */
export function ContextPanel({ id, isReadOnly }: { id: string; isReadOnly: boolean }): VNode {
  const path = `workflows/${id}/context`;
  const asked = useAsk<{ values: JsonObject }>(path, { every: 30_000 });
  const [edited, setEdited] = useState<{ name: string | null; value: Json | undefined } | null>(null);
  const change = async (values: JsonObject, note: string | null): Promise<void> => {
    await call('PATCH', path, { body: { values, note } });
    await forget(path);
  };
  const remove = async (name: string, value: Json): Promise<void> => {
    try {
      await change({ [name]: null }, null);
      toast(`“${name}” is forgotten.`, { action: { label: 'Undo', run: () => void restore(name, value) } });
    } catch (error) {
      toastError(`“${name}” could not be removed`, error);
    }
  };
  const restore = async (name: string, value: Json): Promise<void> => {
    try {
      await change({ [name]: value }, null);
    } catch (error) {
      toastError(`“${name}” could not be brought back`, error);
    }
  };
  const values = Object.entries(asked.data?.values ?? {}) as [string, Json][];
  return (
    <Panel
      title="What it remembers"
      aside={
        !isReadOnly && (
          <Button small icon="plus" onClick={() => setEdited({ name: null, value: undefined })}>
            Add
          </Button>
        )
      }
    >
      <div class="stack">
        <p class="quiet">
          Values that outlive runs: steps put them there, and read them as <code>context.name</code>.
        </p>
        <AskedError asked={asked} />
        {asked.data === undefined && !asked.error && <Skeleton what="the values" rows={2} />}
        {asked.data && values.length === 0 && <p>Nothing yet.</p>}
        {values.length > 0 && (
          <dl class="context-values">
            {values.map(([name, value]) => (
              <div key={name}>
                <dt class="mono">{name}</dt>
                <dd>{shortened(typeof value === 'string' ? value : JSON.stringify(value), 200)}</dd>
                {!isReadOnly && (
                  <dd class="context-actions">
                    <IconButton icon="pencil" label={`Change ${name}`} onClick={() => setEdited({ name, value })} />
                    <IconButton icon="trash" label={`Forget ${name}`} onClick={() => void remove(name, value)} />
                  </dd>
                )}
              </div>
            ))}
          </dl>
        )}
      </div>
      {edited && <ValueDialog {...edited} onSave={change} onClose={() => setEdited(null)} />}
    </Panel>
  );
}

function ValueDialog({
  name: known,
  value,
  onSave,
  onClose,
}: {
  name: string | null;
  value: Json | undefined;
  onSave: (values: JsonObject, note: string | null) => Promise<void>;
  onClose: () => void;
}): VNode {
  const [name, setName] = useState(known ?? '');
  const [text, setText] = useState(() => writtenValue(value));
  const [note, setNote] = useState('');
  const read = readValue(text);
  return (
    <ActionDialog
      title={known === null ? 'Remember a value' : `Change “${known}”`}
      keep="Leave it"
      verb="Save"
      icon="check"
      blocked={name.trim() === '' ? 'It needs a name' : null}
      act={() => onSave({ [name.trim()]: read }, note.trim() || null)}
      onClose={onClose}
    >
      {known === null && (
        <Field label="Name">
          {(told) => <input {...told} class="input mono" value={name} onInput={(event) => setName(event.currentTarget.value)} />}
        </Field>
      )}
      <TextArea
        label="Value"
        hint={`Taken as ${kindWords(read)}. In quotes it is always a text.`}
        isCode
        rows={4}
        value={text}
        onChange={setText}
      />
      <NoteField
        label="Reason (optional)"
        hint="Kept in the audit. Runs that have begun go on with the values that they began with."
        value={note}
        onChange={setNote}
      />
    </ActionDialog>
  );
}

/** A text that would be read as something else stands in quotes. */
function writtenValue(value: Json | undefined): string {
  if (value === undefined) return '';
  return typeof value === 'string' && readValue(value) === value ? value : JSON.stringify(value, null, 2);
}

/** JSON where it is JSON, else the text itself; null would take the value away, so it is a text. */
function readValue(text: string): Json {
  try {
    return (JSON.parse(text) as Json) ?? text;
  } catch {
    return text;
  }
}

function kindWords(value: Json): string {
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      return 'a text';
    case 'number':
      return 'a number';
    case 'boolean':
      return 'yes or no';
    default:
      return 'an object';
  }
}
