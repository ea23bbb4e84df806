import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Json } from '../../../core/json.js';
import type { FormField } from '../../../core/people/form-field.js';
import { useAsk } from '../../api/query.js';
import { nameWords } from '../../model/words.js';
import { Field, SelectBox } from '../../ui/field.js';

interface FormInputProps {
  field: FormField;
  value: Json | undefined;
  problem: string | null;
  onChange: (value: Json) => void;
}

/** One field that a person fills in, as its type asks. */
export function FormInput({ field, value, problem, onChange }: FormInputProps): VNode {
  const label = `${field.label ?? nameWords(field.name)}${field.required ? '' : ' (optional)'}`;
  const text = value === null || value === undefined ? '' : String(value);
  const choose = (chosen: string): void => onChange(chosen || null);
  const typed = (event: { currentTarget: { value: string } }): void => choose(event.currentTarget.value);
  if (field.type === 'user' || field.type === 'record')
    return <LookUp field={field} label={label} value={text} problem={problem} onChange={onChange} />;
  if (field.type === 'boolean') {
    return (
      <Field label={label} hint={field.description} problem={problem}>
        {(control) => (
          <SelectBox {...control} value={text} onChange={(chosen) => onChange(chosen === '' ? null : chosen === 'true')}>
            <option value="">Choose …</option>
            <option value="true">Yes</option>
            <option value="false">No</option>
          </SelectBox>
        )}
      </Field>
    );
  }
  return (
    <Field label={label} hint={field.description} problem={problem}>
      {(control) => {
        switch (field.type) {
          case 'choice':
            return (
              <SelectBox {...control} value={text} onChange={choose}>
                <option value="">Choose …</option>
                {field.options?.map((option) => (
                  <option key={option} value={option}>
                    {option}
                  </option>
                ))}
              </SelectBox>
            );
          case 'number':
          case 'money':
            return (
              <input
                {...control}
                class="input numbers"
                inputmode="decimal"
                value={text}
                onInput={(event) => onChange(numberOf(event.currentTarget.value))}
              />
            );
          case 'date':
            return (
              <input
                {...control}
                class="input"
                type="date"
                min={boundOf(field.min)}
                max={boundOf(field.max)}
                value={text}
                onInput={typed}
              />
            );
          default:
            return (field.maxLength ?? 200) > 100 ? (
              <textarea {...control} class="textarea" rows={3} maxLength={field.maxLength} value={text} onInput={typed} />
            ) : (
              <input {...control} class="input" maxLength={field.maxLength} value={text} onInput={typed} />
            );
        }
      }}
    </Field>
  );
}

interface Found {
  items: { id: string; name?: string; title?: string }[];
}

/** A person or a record, found by a part of its name. */
function LookUp({ field, label, value, problem, onChange }: Omit<FormInputProps, 'value'> & { label: string; value: string }): VNode {
  const [search, setSearch] = useState('');
  const isUser = field.type === 'user';
  const asked = useAsk<Found>(isUser ? 'users' : 'records', {
    query: { search: search.trim() || null, ...(!isUser && { module: field.module }) },
    enabled: isUser || search.trim() !== '',
  });
  const items = (isUser || search.trim() !== '' ? asked.data?.items : undefined) ?? [];
  return (
    <>
      <Field label={`Search: ${label}`} hint={asked.error ? `It cannot be searched: ${asked.error.message}` : undefined}>
        {(control) => (
          <input {...control} class="input" type="search" value={search} onInput={(event) => setSearch(event.currentTarget.value)} />
        )}
      </Field>
      <Field label={label} hint={field.description} problem={problem}>
        {(control) => (
          <SelectBox {...control} value={value} onChange={(chosen) => onChange(chosen || null)}>
            <option value="">Choose …</option>
            {value !== '' && !items.some(({ id }) => id === value) && <option value={value}>{value}</option>}
            {items.map(({ id, name, title }) => (
              <option key={id} value={id}>
                {name ?? title ?? id}
              </option>
            ))}
          </SelectBox>
        )}
      </Field>
    </>
  );
}

/** A number where it is one; else the text, so that nothing that was typed is lost and the API can say what is wrong. */
function numberOf(text: string): Json {
  if (text.trim() === '') return null;
  const number = Number(text.replace(',', '.'));
  return Number.isFinite(number) && !/[.,]$/.test(text.trim()) ? number : text;
}

function boundOf(bound: number | string | undefined): string | undefined {
  return typeof bound === 'string' ? bound : undefined;
}
