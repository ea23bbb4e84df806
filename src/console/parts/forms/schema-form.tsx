import './forms.css';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Json, JsonObject } from '../../../core/json.js';
import { isObject, moduleOf } from '../../model/catalog.js';
import { getAt, type Place } from '../../model/json-path.js';
import { type Control, type FormField, fieldsOf, fits, hasExpression, readNumber } from '../../model/schema-form.js';
import { nameWords, valueWords } from '../../model/words.js';
import { Button } from '../../ui/button.js';
import { Combobox } from '../../ui/combobox.js';
import { Field } from '../../ui/field.js';
import { Icon } from '../../ui/icon.js';
import { Prose } from '../../ui/prose.js';
import { DurationInput } from './duration-input.js';
import { type Editing, useEditing, useValue } from './editing.js';
import { JsonInput } from './json-input.js';
import { type ConditionControl, Pairs, Rows, Texts } from './lists.js';
import { suggestionsFor } from './suggestions.js';
import { TemplateText } from './template-text.js';

interface SchemaFormProps {
  schema: JsonObject;
  place: Place;
  leaveOut?: readonly string[];
  /** How conditions are edited: told from outside, because they know forms and forms do not know them. */
  condition?: ConditionControl;
}

/** A form made from a schema: what is required first, what is given next, the rest under "More". */
export function SchemaForm({ schema, place, leaveOut, condition }: SchemaFormProps): VNode | null {
  const { definition, problems, isReadOnly } = useEditing();
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
  const hasProblem = more.some(({ name }) => problems.some(({ path }) => path.includes(`.${name}`)));
  if (fields.length === 0) return null;
  return (
    <div class="form">
      {first.map(draw)}
      {isOpen ? (
        more.map(draw)
      ) : (
        <details class="form-more" open={hasProblem || undefined}>
          <summary>
            <Icon name="right" size={12} />
            More ({more.length})
          </summary>
          <div class="form">{more.map(draw)}</div>
        </details>
      )}
    </div>
  );
}

interface FormControlProps {
  field: FormField;
  place: Place;
  condition?: ConditionControl | undefined;
}

/** One member of an object: its name, the control that fits its schema, and what is wrong with it. */
export function FormControl({ field, place, condition }: FormControlProps): VNode {
  const editing = useEditing();
  const value = getAt(editing.definition, place);
  const control = field.controls.find((one) => fits(one, value)) ?? { kind: 'json' as const };
  const { problem, path } = useValue(place, !['fields', 'rows', 'condition'].includes(control.kind));
  const [isTemplate, setTemplate] = useState(hasExpression(value) && !['text', 'any'].includes(control.kind));
  const change = (next: Json | undefined): void => editing.set(place, next);
  if (editing.isReadOnly) return <ReadOnly field={field} value={value} />;
  switch (control.kind) {
    case 'fields':
      return (
        <fieldset class="field-group" data-path={path}>
          <legend>{field.label}</legend>
          {field.description && (
            <small class="field-hint">
              <Prose text={field.description} />
            </small>
          )}
          {problem && <small class="field-problem">{problem}</small>}
          {control.fields.map((one) => (
            <FormControl key={one.name} field={one} place={[...place, one.name]} condition={condition} />
          ))}
        </fieldset>
      );
    case 'rows':
      return (
        <Rows
          field={field}
          control={control}
          place={place}
          draw={(one, at) => <FormControl key={one.name} field={one} place={at} condition={condition} />}
        />
      );
    case 'pairs':
      return <Pairs field={field} place={place} />;
    case 'condition':
      return condition ? (
        condition(field, place)
      ) : (
        <JsonInput label={field.label} hint={field.description} value={value} problem={problem} path={path} onChange={change} />
      );
    case 'json':
      return <JsonInput label={field.label} hint={field.description} value={value} problem={problem} path={path} onChange={change} />;
    case 'boolean':
      if (isTemplate) break;
      return <CheckField field={field} value={value} problem={problem} path={path} onChange={change} />;
  }
  const canVary = ['number', 'boolean', 'choice', 'texts', 'duration'].includes(control.kind);
  const optional = field.isRequired ? '' : ' (optional)';
  return (
    <Field
      label={`${field.label}${optional}`}
      problem={problem}
      hint={
        (field.description || canVary) && (
          <>
            {field.description && <Prose text={field.description} />}{' '}
            {canVary && control.kind !== 'duration' && (
              <button
                type="button"
                class="link-button"
                onClick={() => {
                  setTemplate(!isTemplate);
                  change(undefined);
                }}
              >
                {isTemplate ? 'Use a fixed value' : 'Use a variable'}
              </button>
            )}
          </>
        )
      }
    >
      {(told) => (
        <ControlOf
          {...told}
          control={isTemplate ? { kind: 'text', long: false, inputType: 'text' } : control}
          field={field}
          place={place}
          value={value}
          path={path}
          onChange={change}
        />
      )}
    </Field>
  );
}

interface ControlProps {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': true | undefined;
  control: Control;
  field: FormField;
  place: Place;
  value: Json | undefined;
  path: string;
  onChange: (value: Json | undefined) => void;
}

function ControlOf({ control, field, place, value, path, onChange, ...told }: ControlProps): VNode {
  const editing = useEditing();
  const text = value === undefined || value === null ? '' : String(value);
  switch (control.kind) {
    case 'choice':
      return <ChoiceOf {...told} control={control} field={field} value={text} path={path} onChange={onChange} />;
    case 'number':
      return <NumberInput {...told} value={value} path={path} placeholder={presetWords(field)} onChange={onChange} />;
    case 'duration':
      return <DurationInput {...told} label={field.label} value={text} data-path={path} onChange={onChange} />;
    case 'texts':
      return <Texts {...told} value={value} path={path} suggestions={suggestionsFor(field.name, editing)} onChange={onChange} />;
    case 'secret':
      return <SecretInput {...told} label={field.label} value={text} path={path} onChange={onChange} />;
    case 'any':
      return (
        <TemplateText
          {...told}
          place={place}
          value={text}
          placeholder={field.example ?? undefined}
          data-path={path}
          onChange={(next) => onChange(asFieldType(next, place, editing))}
        />
      );
    default: {
      const suggestions = suggestionsFor(field.name, editing);
      if (suggestions.length > 0 && !hasExpression(text)) {
        return (
          <Combobox
            {...told}
            value={text}
            options={suggestions}
            free
            placeholder={field.example ?? undefined}
            data-path={path}
            onChange={(next) => onChange(next === '' ? undefined : next)}
          />
        );
      }
      const { long, inputType } = control.kind === 'text' ? control : { long: false, inputType: 'text' };
      return (
        <TemplateText
          {...told}
          place={place}
          value={text}
          long={long}
          inputType={inputType}
          placeholder={field.example ?? presetWords(field)}
          data-path={path}
          onChange={onChange}
        />
      );
    }
  }
}

/** A value for a field of the record is of that field's type. */
function asFieldType(text: string | undefined, place: Place, { definition, catalog, module }: Editing): Json | undefined {
  const field = getAt(definition, [...place.slice(0, -1), 'field']);
  const type = moduleOf(catalog, module)?.fields.find(({ name }) => name === field)?.type;
  if (text === undefined) return undefined;
  if (type === 'number' || type === 'money') return readNumber(text);
  return type === 'boolean' && (text === 'true' || text === 'false') ? text === 'true' : text;
}

function presetWords({ preset }: FormField): string | undefined {
  return preset === undefined || preset === null ? undefined : valueWords(preset);
}

function ChoiceOf({
  control,
  field,
  value,
  path,
  onChange,
  ...told
}: Pick<ControlProps, 'id' | 'aria-describedby' | 'aria-invalid' | 'field' | 'path' | 'onChange'> & {
  control: Control & { kind: 'choice' };
  value: string;
}): VNode {
  const preset = typeof field.preset === 'string' ? field.preset : null;
  return (
    <span class="select-place">
      <select
        {...told}
        class="select"
        data-path={path}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value === '' ? undefined : event.currentTarget.value)}
      >
        {!(field.isRequired && value !== '') && (
          <option value="">{preset === null ? 'Not chosen' : `${nameWords(preset)} (default)`}</option>
        )}
        {control.options
          .filter((option) => option !== preset || value === preset)
          .map((option) => (
            <option key={option} value={option}>
              {nameWords(option)}
            </option>
          ))}
      </select>
      <Icon name="down" size={12} />
    </span>
  );
}

/** Half-typed numbers stay as they are typed. */
function NumberInput({
  value,
  path,
  onChange,
  ...told
}: Pick<ControlProps, 'id' | 'value' | 'path' | 'onChange' | 'aria-describedby' | 'aria-invalid'> & {
  placeholder: string | undefined;
}): VNode {
  const [text, setText] = useState(value === undefined || value === null ? '' : String(value));
  const isSame = readNumber(text) === (value ?? undefined);
  return (
    <input
      {...told}
      type="text"
      inputmode="decimal"
      class="input numbers"
      data-path={path}
      value={isSame ? text : String(value ?? '')}
      onInput={(event) => {
        setText(event.currentTarget.value);
        onChange(readNumber(event.currentTarget.value));
      }}
    />
  );
}

function CheckField({
  field,
  value,
  problem,
  path,
  onChange,
}: {
  field: FormField;
  value: Json | undefined;
  problem: string | null;
  path: string;
  onChange: (value: Json | undefined) => void;
}): VNode {
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

/** What the API shows in place of a secret; sent back it means: as it was. */
const MASK = '••••••';

/** A secret is never put into a field: it is kept, replaced or taken away. */
function SecretInput({
  label,
  value,
  path,
  onChange,
  ...told
}: {
  id: string;
  label: string;
  value: string;
  path: string;
  onChange: (value: Json | undefined) => void;
}): VNode {
  const [isReplacing, setReplacing] = useState(value === '');
  if (!isReplacing && value === MASK) {
    return (
      <span class="row">
        <span>Kept, and never shown.</span>
        <Button small onClick={() => setReplacing(true)}>
          Replace
        </Button>
        <Button small kind="quiet" onClick={() => onChange(undefined)}>
          Remove
        </Button>
      </span>
    );
  }
  return (
    <input
      {...told}
      type="password"
      class="input"
      autocomplete="new-password"
      aria-label={label}
      data-path={path}
      value={value === MASK ? '' : value}
      onInput={(event) => onChange(event.currentTarget.value || undefined)}
    />
  );
}

function ReadOnly({ field, value }: { field: FormField; value: Json | undefined }): VNode {
  return (
    <div class="field">
      <span class="field-legend">{field.label}</span>
      <span class="read-only">
        {value === undefined ? (
          <span class="quiet">{field.preset === undefined ? 'Not given' : `${valueWords(field.preset)} (default)`}</span>
        ) : typeof value === 'object' ? (
          <code>{JSON.stringify(value)}</code>
        ) : (
          String(value)
        )}
      </span>
    </div>
  );
}
