import type { VNode } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { Place } from '../../model/json-path.js';
import { hasExpression } from '../../model/schema-form.js';
import { IconButton } from '../../ui/button.js';
import { Rendered } from './rendered.js';
import { VariablePicker } from './variable-picker.js';

interface TemplateTextProps {
  id: string;
  place: Place;
  value: string;
  onChange: (value: string | undefined) => void;
  long?: boolean;
  /** What expressions insert is escaped. */
  isHtml?: boolean;
  placeholder?: string | undefined;
  inputType?: string;
  'aria-describedby'?: string | undefined;
  'aria-invalid'?: true | undefined;
  'data-path'?: string;
}

/** A text that may hold variables: a button, or Ctrl+Space, inserts one; below it what it becomes for the record of the preview. */
export function TemplateText({
  id,
  place,
  value,
  onChange,
  long = false,
  isHtml = false,
  inputType = 'text',
  ...rest
}: TemplateTextProps): VNode {
  const field = useRef<HTMLInputElement & HTMLTextAreaElement>(null);
  const [isPicking, setPicking] = useState(false);
  const cursor = useRef<[number, number] | null>(null);
  const openPicker = (): void => {
    const input = field.current;
    cursor.current = input && input.selectionStart !== null ? [input.selectionStart, input.selectionEnd ?? input.selectionStart] : null;
    setPicking(true);
  };
  const insert = (expression: string): void => {
    setPicking(false);
    const [start, end] = cursor.current ?? [value.length, value.length];
    onChange(`${value.slice(0, start)}${expression}${value.slice(end)}`);
    requestAnimationFrame(() => {
      field.current?.focus();
      field.current?.setSelectionRange(start + expression.length, start + expression.length);
    });
  };
  const common = {
    ...rest,
    id,
    ref: field,
    value,
    spellcheck: long,
    autocomplete: 'off' as const,
    onInput: (event: { currentTarget: { value: string } }) =>
      onChange(event.currentTarget.value === '' ? undefined : event.currentTarget.value),
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key !== ' ' || !event.ctrlKey) return;
      event.preventDefault();
      openPicker();
    },
  };
  return (
    <>
      <span class="text-place">
        {long ? (
          <textarea {...common} class="textarea" rows={3} />
        ) : (
          <input {...common} type={(hasExpression(value) ? 'text' : inputType) as 'text'} class="input" />
        )}
        <IconButton icon="variable" label="Insert a variable (Ctrl+Space)" onClick={openPicker} />
      </span>
      <Rendered text={value} isHtml={isHtml} />
      {isPicking && <VariablePicker place={place} onPick={insert} onClose={() => setPicking(false)} />}
    </>
  );
}
