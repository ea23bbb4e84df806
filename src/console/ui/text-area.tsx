import type { ComponentChildren, VNode } from 'preact';
import { Field } from './field.js';

interface TextAreaProps {
  label: string;
  hint?: ComponentChildren;
  problem?: string | null;
  value: string;
  rows?: number;
  maxLength?: number;
  placeholder?: string;
  /** What is written for machines: no letter of it is a mistake of spelling. */
  isCode?: boolean;
  'data-path'?: string;
  /** It holds what cannot be used as it is. */
  'data-unread'?: true | undefined;
  onBlur?: () => void;
  onChange: (text: string) => void;
}

/** A text of some lines with its name. */
export function TextArea({ label, hint, problem = null, isCode = false, onChange, ...rest }: TextAreaProps): VNode {
  return (
    <Field label={label} hint={hint} problem={problem}>
      {(told) => (
        <textarea
          rows={2}
          {...rest}
          {...told}
          class={isCode ? 'textarea mono' : 'textarea'}
          {...(isCode && { spellcheck: false })}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}
