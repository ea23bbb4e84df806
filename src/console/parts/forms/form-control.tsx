import './forms.css';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Json } from '../../../core/json.js';
import { moduleOf } from '../../model/catalog.js';
import { getAt, type Place } from '../../model/json-path.js';
import { type Control, type FormField, fits, hasExpression, type Pick, readNumber } from '../../model/schema-form.js';
import { Combobox } from '../../ui/combobox.js';
import { Field } from '../../ui/field.js';
import { Prose } from '../../ui/prose.js';
import { CheckField } from './controls/check-field.js';
import { ChoiceSelect } from './controls/choice-select.js';
import { type ControlProps, presetWords } from './controls/control.js';
import { NumberInput } from './controls/number-input.js';
import { PickInput, PickTexts } from './controls/pick-input.js';
import { ReadOnly } from './controls/read-only.js';
import { SecretInput } from './controls/secret-input.js';
import { DurationInput } from './duration-input.js';
import { type Editing, useEditing, useValue } from './editing.js';
import { JsonInput } from './json-input.js';
import { type ConditionControl, Pairs, Rows, Texts } from './lists.js';
import { suggestionsFor } from './suggestions.js';
import { TemplateText } from './template-text.js';

interface FormControlProps {
  field: FormField;
  place: Place;
  condition?: ConditionControl | undefined;
}

const ONE_LINE: Control = { kind: 'text', long: false, inputType: 'text', isHtml: false };
/** What holds more than one value has no problem of its own that those inside do not tell. */
const HOLDERS: ReadonlySet<Control['kind']> = new Set(['fields', 'rows', 'condition']);
/** What is read once, when a version is published, knows no record whose values it could take. */
const FIXED: ReadonlySet<string | number | undefined> = new Set(['settings', 'trigger']);
const NOT_TEXT: ReadonlySet<Control['kind']> = new Set(['number', 'boolean', 'choice', 'texts']);

/** One member of an object: its name, the control that fits its schema, and what is wrong with it. */
export function FormControl({ field, place, condition }: FormControlProps): VNode {
  const editing = useEditing();
  const value = getAt(editing.definition, place);
  const control = field.controls.find((one) => fits(one, value)) ?? { kind: 'json' as const };
  const { problem, path } = useValue(place, !HOLDERS.has(control.kind));
  const canVary = !FIXED.has(place[0]) && (NOT_TEXT.has(control.kind) || (control.kind === 'text' && field.pick !== null));
  const [isTemplate, setTemplate] = useState(canVary && hasExpression(value));
  const change = (next: Json | undefined): void => editing.set(place, next);
  if (editing.isReadOnly) return <ReadOnly field={field} value={value} />;
  const draw = (one: FormField, at: Place): VNode => <FormControl key={one.name} field={one} place={at} condition={condition} />;
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
          {control.fields.map((one) => draw(one, [...place, one.name]))}
        </fieldset>
      );
    case 'rows':
      return <Rows field={field} control={control} place={place} draw={draw} />;
    case 'pairs':
      return <Pairs field={field} place={place} isSecret={control.secret} />;
    case 'condition':
      if (condition) return condition(field, place);
      return <JsonInput label={field.label} hint={field.description} value={value} problem={problem} path={path} onChange={change} />;
    case 'json':
      return <JsonInput label={field.label} hint={field.description} value={value} problem={problem} path={path} onChange={change} />;
    case 'boolean':
      if (isTemplate) break;
      return <CheckField field={field} value={value} problem={problem} path={path} onChange={change} />;
  }
  const vary = (): void => {
    setTemplate(!isTemplate);
    change(undefined);
  };
  return (
    <Field
      label={`${field.label}${field.isRequired ? '' : ' (optional)'}`}
      problem={problem}
      hint={
        (field.description || canVary) && (
          <>
            {field.description && <Prose text={field.description} />}{' '}
            {canVary && (
              <button type="button" class="link-button" onClick={vary}>
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
          control={isTemplate ? ONE_LINE : control}
          isTemplate={isTemplate}
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

interface ControlOfProps extends ControlProps {
  control: Control;
  /** With variables: a text, whatever it stands for. */
  isTemplate: boolean;
  place: Place;
}

function ControlOf({ control, isTemplate, place, ...props }: ControlOfProps): VNode {
  const editing = useEditing();
  const { field, value, path, onChange, ...told } = props;
  const text = value === undefined || value === null ? '' : String(value);
  const plain = (
    more: { long?: boolean; isHtml?: boolean; inputType?: string; onText?: (next: string | undefined) => void } = {},
  ): VNode => {
    const { onText = onChange, ...looks } = more;
    return (
      <TemplateText
        {...told}
        {...looks}
        place={place}
        value={text}
        placeholder={field.example ?? presetWords(field)}
        data-path={path}
        onChange={onText}
      />
    );
  };
  switch (control.kind) {
    case 'choice':
      return <ChoiceSelect {...props} options={control.options} />;
    case 'number':
      return <NumberInput {...props} />;
    case 'duration':
      return <DurationInput {...told} label={field.label} value={text} data-path={path} onChange={onChange} />;
    case 'texts':
      if (hasPick(field)) return <PickTexts {...props} field={field} place={place} />;
      return <Texts {...told} value={value} path={path} suggestions={suggestionsFor(field.name, editing)} onChange={onChange} />;
    case 'secret':
      return (
        <SecretInput label={field.label} value={value} onChange={onChange}>
          {(typed) => (
            <input
              {...told}
              type="password"
              class="input"
              autocomplete="new-password"
              data-path={path}
              value={typed}
              onInput={(event) => onChange(event.currentTarget.value || undefined)}
            />
          )}
        </SecretInput>
      );
    case 'any':
      return plain({ onText: (next) => onChange(asFieldType(next, place, editing)) });
    default: {
      if (!isTemplate && hasPick(field)) return <PickInput {...props} field={field} place={place} />;
      const suggestions = suggestionsFor(field.name, editing);
      if (!isTemplate && suggestions.length > 0 && !hasExpression(text)) {
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
      return control.kind === 'text' ? plain({ long: control.long, isHtml: control.isHtml, inputType: control.inputType }) : plain();
    }
  }
}

function hasPick(field: FormField): field is FormField & { pick: Pick } {
  return field.pick !== null;
}

/** A value for a field of the record is of that field's type. */
function asFieldType(text: string | undefined, place: Place, { definition, catalog, module }: Editing): Json | undefined {
  const field = getAt(definition, [...place.slice(0, -1), 'field']);
  const type = moduleOf(catalog, module)?.fields.find(({ name }) => name === field)?.type;
  if (text === undefined) return undefined;
  if (type === 'number' || type === 'money') return readNumber(text);
  return type === 'boolean' && (text === 'true' || text === 'false') ? text === 'true' : text;
}
