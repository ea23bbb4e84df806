import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { readNumber } from '../../../model/schema-form.js';
import { type ControlProps, presetWords } from './control.js';

/** A number. Half-typed ones stay as they are typed. */
export function NumberInput({ field, value, path, onChange, ...told }: ControlProps): VNode {
  const [text, setText] = useState(value === undefined || value === null ? '' : String(value));
  const isSame = readNumber(text) === (value ?? undefined);
  return (
    <input
      {...told}
      type="text"
      inputmode="decimal"
      class="input numbers"
      placeholder={presetWords(field)}
      data-path={path}
      value={isSame ? text : String(value ?? '')}
      onInput={(event) => {
        setText(event.currentTarget.value);
        onChange(readNumber(event.currentTarget.value));
      }}
    />
  );
}
