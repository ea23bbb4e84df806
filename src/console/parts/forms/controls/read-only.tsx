import type { VNode } from 'preact';
import type { Json } from '../../../../core/json.js';
import { type FormField, secretOf } from '../../../model/schema-form.js';
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
  if (value === undefined) {
    return <span class="quiet">{field.preset === undefined ? 'Not given' : `${valueWords(field.preset)} (default)`}</span>;
  }
  const secret = secretOf(value);
  if (secret !== null) return `The secret ${secret}`;
  return typeof value === 'object' ? <code>{JSON.stringify(value)}</code> : String(value);
}
