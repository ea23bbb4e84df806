import type { VNode } from 'preact';
import type { JsonObject } from '../../../core/json.js';
import { type CatalogModule, isObject } from '../../model/catalog.js';
import type { Place } from '../../model/json-path.js';
import type { ComboboxOption } from '../../ui/combobox.js';
import { Field, SelectBox } from '../../ui/field.js';
import { useEditing, useValue } from '../forms/editing.js';
import { Texts } from '../forms/lists.js';
import { suggestionsFor } from '../forms/suggestions.js';

interface EventProps {
  /** Where the trigger stands. */
  place: Place;
  module: CatalogModule | null;
}

type ModuleEvent = CatalogModule['events'][number];

const DELETED: ModuleEvent = { name: 'deleted', label: 'Deleted', rule: { on: 'deleted' } };

/** What can happen to records of a module. */
function eventsOf(module: CatalogModule | null): ModuleEvent[] {
  const events = module?.events ?? [];
  return events.some(({ name }) => name === DELETED.name) ? events : [...events, DELETED];
}

/** What has happened to the record. */
export function EventSelect({ place, module }: EventProps): VNode {
  const { set } = useEditing();
  const trigger = useValue(place).value;
  const { value, problem, path } = useValue([...place, 'event']);
  const choose = (event: string): void => {
    // What narrows one event means nothing to another.
    const { fields: _fields, from: _from, to: _to, event: _event, ...kept } = isObject(trigger) ? trigger : ({} as JsonObject);
    set(place, { ...kept, ...(event !== '' && { event }) });
  };
  return (
    <Field label="Event" problem={problem}>
      {(told) => (
        <SelectBox {...told} data-path={path} value={typeof value === 'string' ? value : ''} onChange={choose}>
          <option value="">{module ? 'Choose an event' : 'Choose a module first'}</option>
          {module &&
            eventsOf(module).map(({ name, label }) => (
              <option key={name} value={name}>
                {label}
              </option>
            ))}
        </SelectBox>
      )}
    </Field>
  );
}

/** What narrows the event, as its rule asks: which fields changed, from what, to what. */
export function EventDetails({ place, module }: EventProps): VNode | null {
  const { catalog } = useEditing();
  const { value: event } = useValue([...place, 'event']);
  const rule = eventsOf(module).find(({ name }) => name === event)?.rule;
  if (rule?.on === 'updated') {
    return (
      <ListField
        place={[...place, 'fields']}
        label="Only when one of these changed (optional)"
        suggestions={suggestionsFor('fields', { catalog, module: module?.name ?? null })}
      />
    );
  }
  if (rule?.on !== 'changed') return null;
  const watched = module?.fields.find(({ name }) => name === rule.field);
  const values = watched?.options ?? (watched && watched.name === module?.stageField ? (module?.stages ?? []) : []);
  const suggestions = values.map((value) => ({ value, label: value }));
  const name = watched?.label ?? 'Value';
  return (
    <div class="two">
      <ListField place={[...place, 'from']} label={`${name} before (optional)`} suggestions={suggestions} />
      <ListField place={[...place, 'to']} label={`${name} after (optional)`} suggestions={suggestions} />
    </div>
  );
}

function ListField({ place, label, suggestions }: { place: Place; label: string; suggestions: readonly ComboboxOption[] }): VNode {
  const { set } = useEditing();
  const { value, problem, path } = useValue(place, true);
  return (
    <Field label={label} problem={problem}>
      {(told) => <Texts {...told} value={value} path={path} suggestions={suggestions} onChange={(next) => set(place, next)} />}
    </Field>
  );
}
