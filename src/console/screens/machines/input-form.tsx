import type { VNode } from 'preact';
import type { Json } from '../../../core/json.js';
import type { FormField } from '../../../core/people/form-field.js';
import type { InputField } from '../../../core/trigger/manual-input.js';
import { nameWords } from '../../model/words.js';
import { FormInput } from '../../parts/tasks/form-input.js';
import { Field } from '../../ui/field.js';

interface InputFormProps {
  fields: readonly InputField[];
  values: Record<string, Json>;
  problems: readonly { path: string; message: string }[];
  onChange: (values: Record<string, Json>) => void;
}

/** What a transition asks of who fires it. */
export function InputForm({ fields, values, problems, onChange }: InputFormProps): VNode {
  return (
    <>
      {fields.map((field) => {
        const problem = problems.find(({ path }) => path === `input.${field.name}`)?.message ?? null;
        const value = field.name in values ? values[field.name] : field.default;
        const put = (next: Json): void => onChange({ ...values, [field.name]: next });
        if (field.type !== 'datetime') {
          return <FormInput key={field.name} field={field as FormField} value={value} problem={problem} onChange={put} />;
        }
        return (
          <Field
            key={field.name}
            label={`${field.label ?? nameWords(field.name)}${field.required ? '' : ' (optional)'}`}
            hint={field.description}
            problem={problem}
          >
            {(control) => (
              <input
                {...control}
                type="datetime-local"
                class="input"
                value={typeof value === 'string' ? value.slice(0, 16) : ''}
                onInput={(event) => put(event.currentTarget.value || null)}
              />
            )}
          </Field>
        );
      })}
    </>
  );
}

/** Returns what was filled in: what was left empty is not sent. */
export function valuesOf(values: Record<string, Json>): Record<string, Json> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}
