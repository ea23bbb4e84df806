import './forms.css';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { JsonObject } from '../../../core/json.js';
import { isObject } from '../../model/catalog.js';
import { getAt, type Place } from '../../model/json-path.js';
import { type FormField, fieldsOf } from '../../model/schema-form.js';
import { useEditing } from './editing.js';
import { Fold } from './fold.js';
import { FormControl } from './form-control.js';
import type { ConditionControl } from './lists.js';

interface SchemaFormProps {
  schema: JsonObject;
  place: Place;
  leaveOut?: readonly string[];
  /** How conditions are edited: told from outside, because they know forms and forms do not know them. */
  condition?: ConditionControl;
}

/** A form made from a schema: what is required first, what is given next, the rest under "More". */
export function SchemaForm({ schema, place, leaveOut, condition }: SchemaFormProps): VNode | null {
  const { definition, isReadOnly } = useEditing();
  const fields = fieldsOf(schema, leaveOut);
  const given = getAt(definition, place);
  const isThere = ({ name, isRequired }: FormField): boolean => isRequired || (isObject(given) && given[name] !== undefined);
  // Decided once: a field that is emptied must not jump away under the cursor.
  const [early] = useState(() => new Set(fields.filter(isThere).map(({ name }) => name)));
  const first = fields.filter(({ name, isRequired }) => isRequired || early.has(name));
  const more = isReadOnly ? [] : fields.filter((field) => !first.includes(field));
  // With nothing before them there is nothing to be more than.
  const isOpen = first.length === 0 || more.length <= 1;
  const draw = (field: FormField): VNode => (
    <FormControl key={field.name} field={field} place={[...place, field.name]} condition={condition} />
  );
  if (fields.length === 0) return null;
  return (
    <div class="form">
      {first.map(draw)}
      {isOpen ? (
        more.map(draw)
      ) : (
        <Fold summary={`More (${more.length})`} about={more.map(({ name }) => [...place, name])}>
          {more.map(draw)}
        </Fold>
      )}
    </div>
  );
}
