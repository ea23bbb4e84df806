import type { VNode } from 'preact';
import { isObject } from '../../model/catalog.js';
import { formatPlace, getAt, type Place } from '../../model/json-path.js';
import type { Control, FormField } from '../../model/schema-form.js';
import { nameWords } from '../../model/words.js';
import { Field, SelectBox } from '../../ui/field.js';
import { useEditing } from './editing.js';
import { FieldGroup, type GroupProps } from './field-group.js';

interface VariantsProps {
  group: GroupProps;
  control: Control & { kind: 'variants' };
  place: Place;
  isRequired: boolean;
  draw: (field: FormField, place: Place) => VNode;
}

/** An object of one of several forms: which, and then what that one has. */
export function Variants({ group, control: { by, variants }, place, isRequired, draw }: VariantsProps): VNode {
  const { definition, set } = useEditing();
  const given = getAt(definition, place);
  const members = isObject(given) ? given : {};
  const chosen = variants.find(({ value }) => value === members[by]);
  const choose = (value: string): void => {
    const next = variants.find((one) => one.value === value);
    // What both have stays.
    const kept = next?.fields.filter(({ name }) => members[name] !== undefined).map(({ name }) => [name, members[name]]) ?? [];
    set(place, next && { [by]: value, ...Object.fromEntries(kept) });
  };
  return (
    <FieldGroup {...group}>
      <Field label={nameWords(by)}>
        {(told) => (
          <SelectBox {...told} data-path={formatPlace([...place, by])} value={chosen?.value ?? ''} onChange={choose}>
            {!(isRequired && chosen) && <option value="">{isRequired ? 'Not chosen' : 'None'}</option>}
            {variants.map(({ value }) => (
              <option key={value} value={value}>
                {nameWords(value)}
              </option>
            ))}
          </SelectBox>
        )}
      </Field>
      {chosen?.fields.map((field) => draw(field, [...place, field.name]))}
    </FieldGroup>
  );
}
