import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { JsonObject } from '../../../core/json.js';
import { isObject } from '../../model/catalog.js';
import type { DraftDocument } from '../../model/document.js';
import { readJson } from '../../model/json-text.js';
import type { Draft, DraftItem } from '../../parts/drafts/draft.js';
import { useEditing } from '../../parts/forms/editing.js';
import { SchemaForm } from '../../parts/forms/schema-form.js';
import { Field } from '../../ui/field.js';
import { Icon } from '../../ui/icon.js';
import { Reentry } from './reentry.js';

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
          <Reentry />
          <SchemaForm schema={catalog.settings} place={['settings']} leaveOut={['reentry']} />
        </div>
      </details>
      {!isReadOnly && <WholeAsJson />}
    </div>
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
