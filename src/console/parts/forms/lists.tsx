import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Json, JsonObject } from '../../../core/json.js';
import { isObject, textsOf } from '../../model/catalog.js';
import { formatPlace, getAt, listAt, membersOf, type Place } from '../../model/json-path.js';
import { keyOf } from '../../model/node-keys.js';
import { type Control, type FormField, readNumber } from '../../model/schema-form.js';
import { Button, IconButton } from '../../ui/button.js';
import { Combobox, type ComboboxOption } from '../../ui/combobox.js';
import { Chips } from '../../ui/filter-bar.js';
import { useFocusOn } from '../drafts/focus-control.js';
import { SecretInput } from './controls/secret-input.js';
import { useEditing, useValue } from './editing.js';
import { FieldGroup, type GroupProps } from './field-group.js';
import { TemplateText } from './template-text.js';

/** How a condition among arguments is edited. */
export type ConditionControl = (field: FormField, place: Place) => VNode;

interface TextsProps {
  id: string;
  value: Json | undefined;
  path: string;
  suggestions?: readonly ComboboxOption[];
  /** True: they are chosen among what is looked up while it is typed. */
  isChoice?: boolean;
  onType?: (text: string) => void;
  onChange: (value: Json | undefined) => void;
  'aria-describedby'?: string | undefined;
  'aria-invalid'?: true | undefined;
}

/** A list of texts: each a chip; what is typed joins it with Enter, a comma, or when the field is left. */
export function Texts({ value, path, suggestions = [], isChoice = false, onType, onChange, ...told }: TextsProps): VNode {
  const texts = textsOf(value);
  const [typed, setTyped] = useState('');
  const put = (next: readonly string[]): void => onChange(next.length === 0 ? undefined : [...next]);
  const add = (text: string): void => {
    setTyped('');
    const parts = text
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== '' && !texts.includes(one));
    if (parts.length > 0) put([...texts, ...parts]);
  };
  const labelOf = (text: string): string => suggestions.find((one) => one.value === text)?.label ?? text;
  return (
    <span class="texts">
      <Chips chips={texts.map((text) => ({ label: labelOf(text), onDrop: () => put(texts.filter((one) => one !== text)) }))} />
      {isChoice || suggestions.length > 0 ? (
        <Combobox
          {...told}
          value=""
          options={suggestions.filter((one) => !texts.includes(one.value))}
          free
          placeholder="Add another"
          data-path={path}
          {...(onType && { onType })}
          onChange={add}
        />
      ) : (
        <input
          {...told}
          type="text"
          class="input"
          data-path={path}
          placeholder="Type, then Enter"
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' && event.key !== ',') return;
            event.preventDefault();
            add(event.currentTarget.value);
          }}
          onBlur={(event) => add(event.currentTarget.value)}
        />
      )}
    </span>
  );
}

/** A list of objects: each a row with its fields, and buttons that move and remove it. */
export function Rows({
  group,
  control,
  place,
  draw,
}: {
  group: GroupProps;
  control: Control & { kind: 'rows' };
  place: Place;
  draw: (field: FormField, place: Place) => VNode;
}): VNode {
  const { definition, set } = useEditing();
  const rows = listAt(definition, place);
  const put = (next: Json[]): void => set(place, next.length === 0 ? undefined : next);
  const focusOn = useFocusOn();
  /** The focus follows a row that moves, and what is removed leaves it to what is next. */
  const change = (next: Json[], to: number): void => {
    put(next);
    focusOn(formatPlace([...place, to]));
  };
  const move = (from: number, by: number): void => change(rows.toSpliced(from, 1).toSpliced(from + by, 0, rows[from] as Json), from + by);
  const first = control.fields[0]?.name;
  return (
    <FieldGroup {...group}>
      {rows.map((row, index) => {
        const name =
          isObject(row) && first !== undefined && typeof row[first] === 'string' && row[first] !== '' ? row[first] : `Row ${index + 1}`;
        return (
          <div key={keyOf(row)} class="form-row" data-path={formatPlace([...place, index])}>
            <div class="form-row-head">
              <span>{name}</span>
              {index > 0 && <IconButton icon="up" label={`Move ${name} up`} onClick={() => move(index, -1)} />}
              {index < rows.length - 1 && <IconButton icon="down" label={`Move ${name} down`} onClick={() => move(index, 1)} />}
              <IconButton icon="trash" label={`Remove ${name}`} onClick={() => change(rows.toSpliced(index, 1), index)} />
            </div>
            {control.fields.map((one) => draw(one, [...place, index, one.name]))}
          </div>
        );
      })}
      {(control.most === null || rows.length < control.most) && (
        <span>
          <Button
            small
            icon="plus"
            onClick={() => {
              set([...place, rows.length], {});
              focusOn(formatPlace([...place, rows.length, first ?? '']));
            }}
          >
            Add
          </Button>
        </span>
      )}
    </FieldGroup>
  );
}

interface PairsProps {
  group: GroupProps;
  place: Place;
  /** The values are kept, and never shown. */
  isSecret: boolean;
}

/** An object of any names: a name and a value a row. A text that is written as a number, yes or no stays a text. */
export function Pairs({ group, place, isSecret }: PairsProps): VNode {
  const { definition, set } = useEditing();
  const value = getAt(definition, place);
  const given: JsonObject = isObject(value) ? value : {};
  // A name that is not there yet, so that a row can be begun.
  const [isAdding, setAdding] = useState(false);
  const focusOn = useFocusOn();
  const names = membersOf(given);
  const put = (entries: [string, Json | undefined][]): void => set(place, entries.length === 0 ? undefined : Object.fromEntries(entries));
  const rename = (from: string, to: string): void => {
    if (to === '' || names.includes(to)) return;
    put(names.map((name) => [name === from ? to : name, given[name]]));
  };
  return (
    <FieldGroup {...group}>
      {names.map((name) => (
        <div key={name} class="pair-row">
          <input
            type="text"
            class="input"
            aria-label={`Name of ${name}`}
            value={name}
            onChange={(event) => rename(name, event.currentTarget.value.trim())}
          />
          <div class="pairs">
            <PairValue
              name={name}
              place={[...place, name]}
              value={given[name]}
              isSecret={isSecret}
              onChange={(next) => set([...place, name], next ?? '')}
            />
          </div>
          <IconButton
            icon="trash"
            label={`Remove ${name}`}
            onClick={() => {
              put(names.filter((one) => one !== name).map((one) => [one, given[one]]));
              focusOn(formatPlace([...place, name]));
            }}
          />
        </div>
      ))}
      {isAdding ? (
        <input
          // It stands where the button was that had the focus.
          ref={(input) => input?.focus()}
          type="text"
          class="input"
          aria-label={`Name of a new value in ${group.label}`}
          placeholder="Name, then Enter"
          onKeyDown={(event) => {
            if (event.key === 'Enter') event.currentTarget.blur();
          }}
          onBlur={(event) => {
            const name = event.currentTarget.value.trim();
            setAdding(false);
            if (name === '') return;
            if (!names.includes(name)) put([...names.map((one): [string, Json | undefined] => [one, given[one]]), [name, '']]);
            focusOn(formatPlace([...place, name]));
          }}
        />
      ) : (
        <span>
          <Button small icon="plus" onClick={() => setAdding(true)}>
            Add a value
          </Button>
        </span>
      )}
    </FieldGroup>
  );
}

interface PairValueProps {
  name: string;
  place: Place;
  value: Json | undefined;
  isSecret: boolean;
  onChange: (value: Json | undefined) => void;
}

function PairValue({ name, place, value, isSecret, onChange }: PairValueProps): VNode {
  const { path } = useValue(place);
  const text = (typed: string): VNode => (
    <>
      <label class="visually-hidden" for={`value ${path}`}>
        Value of {name}
      </label>
      <TemplateText id={`value ${path}`} place={place} value={typed} data-path={path} onChange={onChange} />
    </>
  );
  if (isSecret) {
    return (
      <SecretInput label={`Value of ${name}`} value={value} onChange={onChange}>
        {text}
      </SecretInput>
    );
  }
  if (typeof value === 'number') {
    return (
      <input
        type="text"
        inputmode="decimal"
        class="input numbers"
        aria-label={`Value of ${name}`}
        data-path={path}
        value={String(value)}
        onChange={(event) => onChange(readNumber(event.currentTarget.value))}
      />
    );
  }
  if (typeof value === 'boolean') {
    return (
      <label class="check">
        <input type="checkbox" data-path={path} checked={value} onChange={(event) => onChange(event.currentTarget.checked)} />
        <span>{value ? 'Yes' : 'No'}</span>
      </label>
    );
  }
  return text(String(value ?? ''));
}
