import type { VNode } from 'preact';
import type { Json } from '../../../../core/json.js';
import { type FormField, secretOf } from '../../../model/schema-form.js';
import { durationWords } from '../../../model/time.js';
import { valueWords } from '../../../model/words.js';

/** A value that nobody can change here, as text. */
export function ReadOnly({ field, value }: { field: FormField; value: Json | undefined }): VNode {
  return (
    <div class="field">
      <span class="field-legend">{field.label}</span>
      <span class="read-only">{shown(field, value)}</span>
    </div>
  );
}

function shown(field: FormField, value: Json | undefined): VNode | string {
  const isDuration = field.controls[0]?.kind === 'duration';
  if (value === undefined) {
    return (
      <span class="quiet">
        {field.preset === undefined
          ? 'Not given'
          : `${isDuration ? durationWords(String(field.preset)) : valueWords(field.preset)} (default)`}
      </span>
    );
  }
  const secret = secretOf(value);
  if (secret !== null) return `The secret ${secret}`;
  return typeof value === 'object' ? <code>{JSON.stringify(value)}</code> : isDuration ? durationWords(String(value)) : String(value);
}
