import type { Json } from '../../../../core/json.js';
import type { FormField } from '../../../model/schema-form.js';
import { valueWords } from '../../../model/words.js';

/** What a control is told by the field around it. */
export interface Told {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': true | undefined;
}

/** What every control of a value has. */
export interface ControlProps extends Told {
  field: FormField;
  value: Json | undefined;
  path: string;
  onChange: (value: Json | undefined) => void;
}

/** Returns what counts where nothing is given, in words. */
export function presetWords({ preset }: FormField): string | undefined {
  return preset === undefined || preset === null ? undefined : valueWords(preset);
}
