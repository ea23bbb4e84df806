import type { VNode } from 'preact';
import type { Json } from '../../../../core/json.js';
import type { FormField } from '../../../model/schema-form.js';
import { Prose } from '../../../ui/prose.js';

interface CheckFieldProps {
  field: FormField;
  value: Json | undefined;
  problem: string | null;
  path: string;
  onChange: (value: Json | undefined) => void;
}

/** Yes or no; what counts anyway is not written down. */
export function CheckField({ field, value, problem, path, onChange }: CheckFieldProps): VNode {
  const preset = field.preset === true;
  return (
    <div class="field">
      <label class="check">
        <input
          type="checkbox"
          data-path={path}
          checked={typeof value === 'boolean' ? value : preset}
          onChange={(event) => onChange(event.currentTarget.checked === preset ? undefined : event.currentTarget.checked)}
        />
        <span>
          <span class="choice-label">{field.label}</span>
          {field.description && (
            <small class="choice-hint">
              <Prose text={field.description} />
            </small>
          )}
          {problem && <small class="field-problem">{problem}</small>}
        </span>
      </label>
    </div>
  );
}
