import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { JsonObject } from '../../../../core/json.js';
import { codeProblem } from '../../../model/machine-edit.js';
import { Field } from '../../../ui/field.js';

interface CodeFieldProps {
  definition: JsonObject;
  list: 'states' | 'transitions';
  index: number;
  code: string;
  /** Where problems of it are told. */
  path: string;
  onChange: (code: string) => void;
}

/** The code of a state or transition. It is changed when the field is left: on the way it may be another one's. */
export function CodeField({ definition, list, index, code, path, onChange }: CodeFieldProps): VNode {
  const [text, setText] = useState(code);
  useEffect(() => setText(code), [code]);
  const problem = text === code && code !== '' ? null : codeProblem(definition, list, index, text);
  const apply = (): void => {
    if (text !== code && problem === null) onChange(text);
  };
  return (
    <Field label="Code" hint="Everything that names it follows when it changes." problem={problem}>
      {(told) => (
        <input
          {...told}
          type="text"
          class="input mono"
          data-unread={problem !== null || undefined}
          maxLength={64}
          spellcheck={false}
          autocomplete="off"
          data-path={path}
          value={text}
          onInput={(event) => setText(event.currentTarget.value.trim())}
          onBlur={apply}
          onKeyDown={(event) => {
            if (event.key === 'Enter') apply();
          }}
        />
      )}
    </Field>
  );
}
