import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Json } from '../../../core/json.js';
import { isSameJson } from '../../model/json-path.js';
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

/** Reads JSON; of a mistake the line and column, where the browser tells them. */
export function readJson(text: string): { value: Json | undefined } | { mistake: string } {
  if (text.trim() === '') return { value: undefined };
  try {
    return { value: JSON.parse(text) as Json };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const position = /position (\d+)/.exec(message);
    if (!position || /line \d+/.test(message)) return { mistake: `This is no JSON: ${message}.` };
    const before = text.slice(0, Number(position[1])).split('\n');
    return { mistake: `This is no JSON: ${message} (line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}).` };
  }
}
