import type { VNode } from 'preact';
import type { JsonObject } from '../../../core/json.js';
import { useEditing, useValue } from '../../parts/forms/editing.js';
import { OffsetInput } from '../../parts/forms/offset-input.js';
import { suggestionsFor } from '../../parts/forms/suggestions.js';
import { Field, SelectBox } from '../../ui/field.js';

interface DateFormProps {
  trigger: JsonObject;
  /** The choice of the module. */
  module: VNode;
}

/** So long before or after a date of the record. */
export function DateForm({ trigger, module }: DateFormProps): VNode {
  const { catalog, set } = useEditing();
  const field = useValue(['trigger', 'field']);
  const offset = useValue(['trigger', 'offset']);
  const at = useValue(['trigger', 'at']);
  const dates = suggestionsFor('untilField', { catalog, module: typeof trigger.module === 'string' ? trigger.module : null });
  return (
    <>
      <div class="two">
        {module}
        <Field label="Date" problem={field.problem}>
          {(told) => (
            <SelectBox
              {...told}
              data-path={field.path}
              value={typeof trigger.field === 'string' ? trigger.field : ''}
              onChange={(name) => set(['trigger'], { ...trigger, field: name || undefined, offset: trigger.offset ?? 'P0D' })}
            >
              <option value="">{trigger.module === undefined ? 'Choose a module first' : 'Choose a date'}</option>
              {dates.map(({ value, label }) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </SelectBox>
          )}
        </Field>
      </div>
      <div class="two">
        <Field label="How long from it" problem={offset.problem}>
          {(told) => (
            <OffsetInput
              {...told}
              data-path={offset.path}
              value={typeof trigger.offset === 'string' ? trigger.offset : 'P0D'}
              sides={['before', 'after']}
              onChange={(next) => set(['trigger', 'offset'], next)}
            />
          )}
        </Field>
        <Field label="At (optional)" problem={at.problem} hint={`In ${String(trigger.timezone ?? catalog.timezone)}`}>
          {(told) => (
            <input
              {...told}
              type="time"
              class="input"
              data-path={at.path}
              value={typeof trigger.at === 'string' ? trigger.at : ''}
              onInput={(event) => set(['trigger', 'at'], event.currentTarget.value || undefined)}
            />
          )}
        </Field>
      </div>
    </>
  );
}
