import type { VNode } from 'preact';
import type { Json, JsonObject } from '../../../core/json.js';
import { type CatalogOperator, isObject, moduleOf } from '../../model/catalog.js';
import { hasExpression, readNumber } from '../../model/schema-form.js';
import { nameWords } from '../../model/words.js';
import { Combobox } from '../../ui/combobox.js';
import { Select } from '../../ui/field.js';
import { MenuButton, type MenuItem } from '../../ui/menu.js';
import { useEditing } from '../forms/editing.js';
import { Texts } from '../forms/lists.js';
import { OffsetInput } from '../forms/offset-input.js';
import { fieldOptions, valuesOf } from '../forms/suggestions.js';

interface OperandProps {
  operator: CatalogOperator;
  test: JsonObject;
  path: string;
  isInvalid: boolean;
  onChange: (value: Json | undefined) => void;
}

/** What a test compares with, as its operator wants it: nothing, one value, several, a range, an amount, a period, from and to. */
export function Operand({ operator, test, path, isInvalid, onChange }: OperandProps): VNode | null {
  const editing = useEditing();
  const { value } = test;
  const one = { operator, test, path, isInvalid };
  switch (operator.value) {
    case 'none':
      return null;
    case 'range': {
      const [from = '', to = ''] = Array.isArray(value) ? value : [];
      return (
        <span class="condition-parts">
          <OneValue {...one} label="From" path={`${path}[0]`} value={from} onChange={(next) => onChange([next ?? '', to])} />
          <OneValue {...one} label="To" path={`${path}[1]`} value={to} onChange={(next) => onChange([from, next ?? ''])} />
        </span>
      );
    }
    case 'change': {
      const { from = '', to = '' } = isObject(value) ? value : {};
      return (
        <span class="condition-parts">
          <OneValue {...one} label="From" path={`${path}.from`} value={from} onChange={(next) => onChange({ from: next ?? '', to })} />
          <OneValue {...one} label="To" path={`${path}.to`} value={to} onChange={(next) => onChange({ from, to: next ?? '' })} />
        </span>
      );
    }
    case 'amount':
      return <Amount operator={operator} value={value} path={path} onChange={onChange} />;
    case 'period':
      return (
        <Select
          label="Period"
          value={typeof value === 'string' ? value : ''}
          options={[{ value: '', label: 'Period …' }, ...(operator.periods ?? []).map((period) => ({ value: period, label: period }))]}
          onChange={onChange}
        />
      );
    case 'list':
    case 'members':
      if (isObject(value) || hasExpression(value)) return <Varying {...one} value={value} onChange={onChange} />;
      return <Texts id={`value ${path}`} value={value} path={path} suggestions={optionsOf(test, editing)} onChange={onChange} />;
    default:
      return <Varying {...one} value={value} onChange={onChange} />;
  }
}

type How = 'fixed' | 'field' | 'template' | 'moment';

function howOf(value: Json | undefined): How {
  if (isObject(value)) return typeof value.fromNow === 'string' ? 'moment' : 'field';
  return hasExpression(value) ? 'template' : 'fixed';
}

const HOW_WORDS: Readonly<Record<How, string>> = {
  fixed: 'A fixed value',
  field: 'The value of another field',
  template: 'A text with variables',
  moment: 'A moment from now',
};
const START: Readonly<Record<How, Json | undefined>> = {
  fixed: undefined,
  field: { field: '' },
  template: '{{}}',
  moment: { fromNow: '-P7D' },
};

/** One value, and a small menu that says where it comes from. */
function Varying({ operator, test, path, isInvalid, value, onChange }: OperandProps & { value: Json | undefined }): VNode {
  const how = howOf(value);
  const hows = (['fixed', 'field', 'template', 'moment'] as const).filter((one) => isOffered(one, operator));
  const items: MenuItem[] = hows.map((one) => ({
    label: HOW_WORDS[one],
    icon: one === how ? 'check' : 'dash',
    onSelect: () => one !== how && onChange(START[one]),
  }));
  return (
    <span class="condition-value">
      <OneValue operator={operator} test={test} path={path} isInvalid={isInvalid} label="Value" value={value} onChange={onChange} />
      {hows.length > 1 && <MenuButton label="Where the value comes from" items={items} />}
    </span>
  );
}

function isOffered(how: How, { kind, value }: CatalogOperator): boolean {
  if (value === 'pattern') return how === 'fixed';
  return how !== 'moment' || kind === 'date' || kind === 'order' || kind === 'field';
}

interface OneValueProps extends Omit<OperandProps, 'onChange'> {
  label: string;
  value: Json | undefined;
  onChange: (value: Json | undefined) => void;
}

function OneValue({ operator, test, path, isInvalid, label, value, onChange }: OneValueProps): VNode {
  const editing = useEditing();
  const invalid = isInvalid || undefined;
  if (isObject(value) && typeof value.fromNow === 'string')
    return (
      <OffsetInput
        label="How many"
        value={value.fromNow}
        sides={['ago', 'from now']}
        data-path={path}
        onChange={(fromNow) => onChange({ fromNow })}
      />
    );
  if (isObject(value)) {
    const field = typeof value.field === 'string' ? value.field : '';
    return (
      <Combobox
        label="Other field"
        value={field}
        options={fieldOptions(editing)}
        free
        placeholder="Field"
        data-path={path}
        aria-invalid={invalid}
        onChange={(next) => onChange({ field: next })}
      />
    );
  }
  const text = value === undefined || value === null ? '' : String(value);
  const kind = kindOf(operator, test, editing);
  if (kind === 'boolean') {
    return (
      <Select
        label={label}
        value={text}
        options={['', 'true', 'false'].map((one) => ({ value: one, label: one === '' ? 'Value …' : one === 'true' ? 'Yes' : 'No' }))}
        onChange={(next) => onChange(next === '' ? undefined : next === 'true')}
      />
    );
  }
  const options = optionsOf(test, editing);
  if (options.length > 0 && !hasExpression(text)) {
    return (
      <Combobox
        label={label}
        value={text}
        options={options}
        free
        placeholder={label}
        data-path={path}
        aria-invalid={invalid}
        onChange={(next) => onChange(next === '' ? undefined : next)}
      />
    );
  }
  const isDate = (kind === 'date' || kind === 'datetime') && !hasExpression(text);
  return (
    <input
      type={(isDate && /^(\d{4}-\d\d-\d\d)?$/.test(text) ? 'date' : 'text') as 'text'}
      inputmode={kind === 'number' ? 'decimal' : undefined}
      class={`input${kind === 'number' ? ' numbers' : ''}`}
      autocomplete="off"
      aria-label={label}
      aria-invalid={invalid}
      placeholder={label}
      data-path={path}
      value={text}
      onInput={(event) => {
        const typed = event.currentTarget.value;
        onChange(kind === 'number' ? readNumber(typed) : typed === '' ? undefined : typed);
      }}
    />
  );
}

/** What type a value has: that of the operator, or of the field. */
function kindOf(
  { kind }: CatalogOperator,
  test: JsonObject,
  { catalog, module }: Pick<ReturnType<typeof useEditing>, 'catalog' | 'module'>,
): string {
  if (kind === 'text' || kind === 'member') return 'text';
  const type = typeOfField(String(test.field ?? ''), catalog, module);
  if (kind === 'number' || type === 'money' || type === 'number') return 'number';
  if (kind === 'date') return 'date';
  return type ?? 'text';
}

/** Returns the type of a field of the record, or of what it is related to; null where nobody knows. */
export function typeOfField(path: string, catalog: ReturnType<typeof useEditing>['catalog'], module: string | null): string | null {
  return fieldOptions({ catalog, module }).find(({ value }) => value === path.replace(/^record\./, ''))?.hint ?? null;
}

function optionsOf(
  test: JsonObject,
  { catalog, module }: Pick<ReturnType<typeof useEditing>, 'catalog' | 'module'>,
): { value: string; label: string }[] {
  const known = moduleOf(catalog, module);
  const path = String(test.field ?? '').replace(/^(record|previous)\./, '');
  const [relation = '', name = ''] = path.split('.');
  const holder = path.includes('.') ? moduleOf(catalog, known?.relations.find((one) => one.name === relation)?.module) : known;
  return (valuesOf(holder, path.includes('.') ? name : path) ?? []).map((value) => ({ value, label: value }));
}

function Amount({
  operator,
  value,
  path,
  onChange,
}: {
  operator: CatalogOperator;
  value: Json | undefined;
  path: string;
  onChange: (value: Json) => void;
}): VNode {
  const { amount, unit = operator.units?.includes('day') ? 'day' : operator.units?.[0] } = isObject(value) ? value : {};
  const put = (next: JsonObject): void => onChange({ amount, unit, ...next } as JsonObject);
  return (
    <span class="condition-parts">
      <input
        type="number"
        class="input numbers"
        min={1}
        aria-label="Amount"
        data-path={path}
        value={typeof amount === 'number' ? amount : ''}
        onInput={(event) => put({ amount: event.currentTarget.value === '' ? undefined : event.currentTarget.valueAsNumber })}
      />
      <Select
        label="Unit"
        value={String(unit)}
        options={(operator.units ?? []).map((one) => ({
          value: one,
          label: `${nameWords(one.replace('business_', 'working ')).toLowerCase()}s`,
        }))}
        onChange={(next) => put({ unit: next })}
      />
    </span>
  );
}
