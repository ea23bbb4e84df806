import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { isObject } from '../../model/catalog.js';
import { formatPlace, getAt, membersOf, type Place } from '../../model/json-path.js';
import { controlsOfField, type FormField } from '../../model/schema-form.js';
import { IconButton } from '../../ui/button.js';
import { Combobox } from '../../ui/combobox.js';
import { useFocusOn } from '../drafts/focus-control.js';
import { EditingContext, namedModule, useEditing } from './editing.js';
import { FieldGroup, type GroupProps } from './field-group.js';
import { suggestionsFor, valuesOf } from './suggestions.js';

interface FieldValuesProps {
  group: GroupProps;
  /** Which fields there are to choose from. */
  of: 'field' | 'writable-field';
  place: Place;
  draw: (field: FormField, place: Place) => VNode;
}

/** Values by the names of a module's fields, each in the control that fits its field. */
export function FieldValues({ group, of, place, draw }: FieldValuesProps): VNode {
  const editing = useEditing();
  const given = getAt(editing.definition, place);
  const stored = isObject(given) ? membersOf(given) : [];
  // One that is emptied, or has no value yet, stays where it is.
  const [begun, setBegun] = useState(stored);
  const focusOn = useFocusOn();
  const names = [...new Set([...begun, ...stored])];
  const module = namedModule(editing);
  const options = suggestionsFor(of, editing);
  const labelOf = (name: string): string => options.find(({ value }) => value === name)?.label ?? name;
  const set: typeof editing.set = (at, next) => {
    const isLast = next === undefined && stored.length === 1 && at.length === place.length + 1 && at.at(-1) === stored[0];
    editing.set(isLast ? place : at, next);
  };
  return (
    <FieldGroup {...group}>
      <EditingContext.Provider value={{ ...editing, set }}>
        {names.map((name) => {
          const type = module?.fields.find((field) => field.name === name)?.type ?? 'text';
          const controls = controlsOfField({ type, options: valuesOf(module, name) });
          const field = { name, label: labelOf(name), description: null, isRequired: true, controls, pick: null, module: null };
          return (
            <div key={name} class="value-row">
              {draw({ ...field, preset: undefined, example: null }, [...place, name])}
              <IconButton
                icon="trash"
                label={`Remove ${field.label}`}
                onClick={() => {
                  set([...place, name], undefined);
                  setBegun(names.filter((one) => one !== name));
                  focusOn(formatPlace([...place, name]));
                }}
              />
            </div>
          );
        })}
      </EditingContext.Provider>
      <Combobox
        label={`Add a field to ${group.label}`}
        value=""
        options={options.filter(({ value }) => !names.includes(value))}
        free
        placeholder="Add a field"
        onChange={(name) => {
          if (name === '') return;
          setBegun([...names, name]);
          focusOn(formatPlace([...place, name]));
        }}
      />
    </FieldGroup>
  );
}
