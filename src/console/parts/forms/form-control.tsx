import './forms.css';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Json } from '../../../core/json.js';
import { getAt, type Place } from '../../model/json-path.js';
import { type Control, controlsOfField, type FormField, fits, hasExpression, moduleAt, type Pick } from '../../model/schema-form.js';
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
import { type Editing, EditingContext, namedModule, useEditing, useValue } from './editing.js';
import { FieldGroup } from './field-group.js';
import { FieldValues } from './field-values.js';
import { JsonInput } from './json-input.js';
import { type ConditionControl, Pairs, Rows, Texts } from './lists.js';
import { suggestionsFor, valuesOf } from './suggestions.js';
import { TemplateText } from './template-text.js';
import { Variants } from './variants.js';

interface FormControlProps {
  field: FormField;
  place: Place;
  condition?: ConditionControl | undefined;
}

const ONE_LINE: Control = { kind: 'text', long: false, inputType: 'text', isHtml: false };
/** What holds more than one value has no problem of its own that those inside do not tell. */
const HOLDERS: ReadonlySet<Control['kind']> = new Set(['fields', 'rows', 'values', 'variants', 'condition']);
/** What is read once, when a version is published, knows no record whose values it could take. */
const FIXED: ReadonlySet<string | number | undefined> = new Set(['settings', 'trigger']);
const NOT_TEXT: ReadonlySet<Control['kind']> = new Set(['number', 'boolean', 'choice', 'texts']);

/** One member of an object: its name, the control that fits its schema, and what is wrong with it. */
export function FormControl(props: FormControlProps): VNode {
  const editing = useEditing();
  const { field, place } = props;
  if (field.module === null) return <Member {...props} />;
  const named = moduleAt(place.slice(0, -1), field.module, editing);
  return (
    <EditingContext.Provider value={{ ...editing, named }}>
      <Member {...props} />
    </EditingContext.Provider>
  );
}

function Member({ field, place, condition }: FormControlProps): VNode {
  const editing = useEditing();
  const value = getAt(editing.definition, place);
  const control = controlsAt(field, place, editing).find((one) => fits(one, value)) ?? { kind: 'json' as const };
  const { problem, path } = useValue(place, !HOLDERS.has(control.kind));
  const canVary = !FIXED.has(place[0]) && (NOT_TEXT.has(control.kind) || (control.kind === 'text' && field.pick !== null));
  const [isTemplate, setTemplate] = useState(canVary && hasExpression(value));
  const change = (next: Json | undefined): void => editing.set(place, next);
  if (control.kind === 'condition' && condition) {
    const { named = editing.module } = editing;
    return (
      <EditingContext.Provider value={{ ...editing, module: named }}>
        <FieldGroup label={field.label} hint={field.description}>
          {condition(field, place)}
        </FieldGroup>
      </EditingContext.Provider>
    );
  }
  if (editing.isReadOnly) return <ReadOnly field={field} value={value} />;
  const group = { label: field.label, hint: field.description, problem, 'data-path': path };
  const draw = (one: FormField, at: Place): VNode => <FormControl key={one.name} field={one} place={at} condition={condition} />;
  switch (control.kind) {
    case 'fields':
      return <FieldGroup {...group}>{control.fields.map((one) => draw(one, [...place, one.name]))}</FieldGroup>;
    case 'rows':
      return <Rows group={group} control={control} place={place} draw={draw} />;
    case 'pairs':
      return <Pairs group={group} place={place} isSecret={control.secret} />;
    case 'values':
      return <FieldValues group={group} of={control.of} place={place} draw={draw} />;
    case 'variants':
      return <Variants group={group} control={control} place={place} draw={draw} isRequired={field.isRequired} />;
    case 'condition':
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

/** A value for the field that is named beside it is of that field's type. */
function controlsAt({ controls }: FormField, place: Place, editing: Editing): readonly Control[] {
  const module = namedModule(editing);
  const name = getAt(editing.definition, [...place.slice(0, -1), 'field']);
  const described = controls[0]?.kind === 'any' && module?.fields.find((one) => one.name === name);
  return described ? controlsOfField({ ...described, options: valuesOf(module, name) }) : controls;
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
  const plain = (looks: { long?: boolean; isHtml?: boolean; inputType?: string } = {}): VNode => {
    return (
      <TemplateText
        {...told}
        {...looks}
        place={place}
        value={text}
        placeholder={field.example ?? presetWords(field)}
        data-path={path}
        onChange={onChange}
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
        <SecretInput
          label={field.label}
          value={value}
          onChange={onChange}
          told={control.named ? { ...told, 'data-path': path } : undefined}
        >
          {control.named
            ? undefined
            : (typed) => (
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
