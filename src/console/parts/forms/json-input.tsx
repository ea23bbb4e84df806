import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Json } from '../../../core/json.js';
import { isSameJson } from '../../model/json-path.js';
import { readJson } from '../../model/json-text.js';
import { Field } from '../../ui/field.js';

interface JsonInputProps {
  label: string;
  hint: string | null;
  value: Json | undefined;
  problem: string | null;
  path: string;
  rows?: number;
  onChange: (value: Json | undefined) => void;
}

/** A value as JSON: for what no other control can hold. It counts as soon as it can be read. */
export function JsonInput({ label, hint, value, problem, path, rows = 4, onChange }: JsonInputProps): VNode {
  const [text, setText] = useState(() => written(value));
  const read = readJson(text);
  // Changed from elsewhere: by undo, or by another control.
  const shown = 'value' in read && !isSameJson(read.value, value) ? written(value) : text;
  return (
    <Field label={label} hint={hint} problem={'mistake' in read ? read.mistake : problem}>
      {(told) => (
        <textarea
          {...told}
          data-unread={'mistake' in read || undefined}
          class="textarea mono"
          rows={rows}
          spellcheck={false}
          data-path={path}
          value={shown}
          onInput={(event) => {
            setText(event.currentTarget.value);
            const next = readJson(event.currentTarget.value);
            if ('value' in next) onChange(next.value);
          }}
        />
      )}
    </Field>
  );
}

function written(value: Json | undefined): string {
  return value === undefined ? '' : JSON.stringify(value, null, 2);
}
