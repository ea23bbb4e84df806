import type { VNode } from 'preact';
import type { Json } from '../../../core/json.js';
import { isObject } from '../../model/catalog.js';
import { reentryWords } from '../../model/limit-words.js';
import { DurationInput } from '../../parts/forms/duration-input.js';
import { useEditing, useValue } from '../../parts/forms/editing.js';
import { Field } from '../../ui/field.js';
import { Icon } from '../../ui/icon.js';

/** When it may run again on the same record: a word, or once in a period. */
export function Reentry(): VNode {
  const { set, isReadOnly } = useEditing();
  const place = ['settings', 'reentry'];
  const { value, problem, path } = useValue(place, true);
  if (isReadOnly) return <p class="read-only">{reentryWords(value)}</p>;
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
