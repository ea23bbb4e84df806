import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Json, JsonObject } from '../../../core/json.js';
import { isObject } from '../../model/catalog.js';
import type { DraftDocument } from '../../model/document.js';
import { readJson } from '../../model/json-text.js';
import type { Draft, DraftItem } from '../../parts/drafts/draft.js';
import { DurationInput } from '../../parts/forms/duration-input.js';
import { useEditing, useValue } from '../../parts/forms/editing.js';
import { SchemaForm } from '../../parts/forms/schema-form.js';
import { Field } from '../../ui/field.js';
import { Icon } from '../../ui/icon.js';

/** What there is about the workflow as a whole: while no step is chosen. */
export function SettingsForm({ draft, document }: { draft: Draft<DraftItem>; document: DraftDocument }): VNode {
  const { catalog, isReadOnly } = useEditing();
  const { description } = document;
  return (
    <div class="form">
      <h2>The workflow</h2>
      {isReadOnly ? (
        <p class="read-only">{description ?? <span class="quiet">No description</span>}</p>
      ) : (
        <Field label="Description">
          {(told) => (
            <textarea
              {...told}
              class="textarea"
              rows={2}
              maxLength={2000}
              placeholder="What it is for"
              value={description ?? ''}
              onInput={(event) => {
                const text = event.currentTarget.value;
                draft.edit((now) => ({ ...now, description: text === '' ? null : text }), 'description');
              }}
            />
          )}
        </Field>
      )}
      <details class="fold">
        <summary>
          <Icon name="right" size={12} />
          Settings
        </summary>
        <div class="form">
          {!isReadOnly && <Reentry />}
          <SchemaForm schema={catalog.settings} place={['settings']} leaveOut={['reentry']} />
        </div>
      </details>
      {!isReadOnly && <WholeAsJson />}
    </div>
  );
}

/** When it may run again on the same record: a word, or once in a period. */
function Reentry(): VNode {
  const { set } = useEditing();
  const place = ['settings', 'reentry'];
  const { value, problem, path } = useValue(place, true);
  const period = isObject(value) ? String(value.oncePer ?? '') : null;
  const choices: Record<string, Json | undefined> = {
    always: undefined,
    not_while_active: 'not_while_active',
    once_per_record: 'once_per_record',
    once_per: { oncePer: 'P7D' },
  };
  return (
    <>
      <Field label="Again on the same record" problem={problem}>
        {(told) => (
          <span class="select-place">
            <select
              {...told}
              class="select"
              data-path={path}
              value={period === null ? String(value ?? 'always') : 'once_per'}
              onChange={(event) => set(place, choices[event.currentTarget.value])}
            >
              <option value="always">Every time</option>
              <option value="not_while_active">Not while a run is under way</option>
              <option value="once_per_record">Once for each record</option>
              <option value="once_per">Once in a period</option>
            </select>
            <Icon name="down" size={12} />
          </span>
        )}
      </Field>
      {period !== null && (
        <Field label="Once in any">
          {(told) => (
            <DurationInput
              {...told}
              label="Period"
              value={period}
              data-path={`${path}.oncePer`}
              onChange={(oncePer) => set(place, { oncePer: oncePer ?? '' })}
            />
          )}
        </Field>
      )}
    </>
  );
}

/** The definition as text; applied as one edit. */
function WholeAsJson(): VNode {
  const { definition, change } = useEditing();
  const [text, setText] = useState<string | null>(null);
  const read = text === null ? null : readJson(text);
  const mistake =
    read === null
      ? null
      : 'mistake' in read
        ? read.mistake
        : isObject(read.value)
          ? null
          : 'A definition is an object: { "trigger": …, "steps": […] }.';
  const apply = (): void => {
    if (read !== null && 'value' in read && isObject(read.value)) change(() => read.value as JsonObject);
    setText(null);
  };
  return (
    <details class="fold" onToggle={(event) => !event.currentTarget.open && setText(null)}>
      <summary>
        <Icon name="right" size={12} />
        As JSON
      </summary>
      <div class="form">
        <Field label="Definition" problem={mistake}>
          {(told) => (
            <textarea
              {...told}
              class="textarea mono"
              rows={14}
              spellcheck={false}
              value={text ?? JSON.stringify(definition, null, 2)}
              onInput={(event) => setText(event.currentTarget.value)}
            />
          )}
        </Field>
        <span>
          <button
            type="button"
            class="button button-plain"
            aria-disabled={text === null || mistake !== null || undefined}
            onClick={() => text !== null && mistake === null && apply()}
          >
            Apply
          </button>
        </span>
      </div>
    </details>
  );
}
