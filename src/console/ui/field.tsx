import './field.css';
import type { ComponentChildren, VNode } from 'preact';
import { useId } from 'preact/hooks';
import { Icon } from './icon.js';

interface FieldProps {
  label: string;
  hint?: ComponentChildren;
  problem?: string | null;
  /** The control, told the ids by which it is described. */
  children: (control: { id: string; 'aria-describedby': string | undefined; 'aria-invalid': true | undefined }) => VNode;
}

/** A control with its name, and beneath it what is to be known of it or is wrong with it. */
export function Field({ label, hint, problem = null, children }: FieldProps): VNode {
  const id = useId();
  const described = [hint && `${id}-hint`, problem !== null && `${id}-problem`].filter(Boolean).join(' ') || undefined;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, 'aria-describedby': described, 'aria-invalid': problem === null ? undefined : true })}
      {hint && (
        <small id={`${id}-hint`} class="field-hint">
          {hint}
        </small>
      )}
      {problem !== null && (
        <small id={`${id}-problem`} class="field-problem">
          <Icon name="warning" size={12} />
          {problem}
        </small>
      )}
    </div>
  );
}

interface NoteFieldProps {
  label?: string;
  hint: string;
  value: string;
  onChange: (note: string) => void;
}

/** Why somebody does something, in a line that is kept with it. */
export function NoteField({ label = 'Reason (optional)', hint, value, onChange }: NoteFieldProps): VNode {
  return (
    <Field label={label} hint={hint}>
      {(control) => (
        <input {...control} class="input" maxLength={1000} value={value} onInput={(event) => onChange(event.currentTarget.value)} />
      )}
    </Field>
  );
}

interface SelectBoxProps {
  id?: string;
  'aria-label'?: string;
  'aria-describedby'?: string | undefined;
  'aria-invalid'?: true | undefined;
  'data-path'?: string;
  value: string;
  onChange: (value: string) => void;
  /** The options. */
  children: ComponentChildren;
}

/** The browser's own choice among options, with an arrow that follows the theme. */
export function SelectBox({ onChange, children, ...rest }: SelectBoxProps): VNode {
  return (
    <span class="select-place">
      <select {...rest} class="select" onChange={(event) => onChange(event.currentTarget.value)}>
        {children}
      </select>
      <Icon name="down" size={12} />
    </span>
  );
}

interface SelectProps {
  label: string;
  value: string;
  options: readonly { value: string; label: string }[];
  onChange: (value: string) => void;
}

/** A choice among a few, in the browser's own way, with its name before it. */
export function Select({ label, value, options, onChange }: SelectProps): VNode {
  return (
    <SelectBox aria-label={label} value={value} onChange={onChange}>
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
    </SelectBox>
  );
}

interface ChoicesProps<Value extends string> {
  legend: string;
  value: Value;
  options: readonly { value: Value; label: string; hint?: ComponentChildren; blocked?: string | null }[];
  onChange: (value: Value) => void;
}

/** A choice among a few that are all to be read first. */
export function Choices<Value extends string>({ legend, value, options, onChange }: ChoicesProps<Value>): VNode {
  const name = useId();
  return (
    <fieldset class="choices">
      <legend>{legend}</legend>
      {options.map(({ value: one, label, hint, blocked = null }) => (
        <label key={one} class="choice">
          <input type="radio" name={name} checked={one === value} disabled={blocked !== null} onChange={() => onChange(one)} />
          <span>
            <span class="choice-label">{label}</span>
            {(blocked ?? hint) && <small class="choice-hint">{blocked ?? hint}</small>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}
