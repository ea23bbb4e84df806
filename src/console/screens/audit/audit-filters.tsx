import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useMe } from '../../api/me.js';
import { useAsk } from '../../api/query.js';
import type { PersonName } from '../../api/types.js';
import { AUDITED, actionsOn, auditWords } from '../../model/audit-words.js';
import type { QueryValues } from '../../model/route.js';
import { durationWords } from '../../model/time.js';
import { nameWords } from '../../model/words.js';
import { Combobox, type ComboboxOption } from '../../ui/combobox.js';
import { Select } from '../../ui/field.js';
import { FilterBar } from '../../ui/filter-bar.js';

/** Which changes are shown, as the address says it. */
export interface AuditFilter {
  /** A kind of thing: `workflow`. */
  kind: string | null;
  action: string | null;
  actor: string | null;
  target: string | null;
  period: string | null;
}

const PERIODS = ['P1D', 'P7D', 'P30D', 'P90D'];
const FOUND = 20;

/** What narrows the audit: kind of thing, action, person, thing and period. */
export function AuditFilters({
  filter: { kind, action, actor, target, period },
  known,
  onChange,
}: {
  filter: AuditFilter;
  /** People and things that are on the page: their names are known. */
  known: { people: readonly ComboboxOption[]; things: readonly ComboboxOption[] };
  onChange: (changes: QueryValues) => void;
}): VNode {
  const kinds = kind === null ? AUDITED : [kind];
  return (
    <div class="audit-filters">
      <FilterBar label="Audit">
        <Select
          label="Kind of thing"
          value={kind ?? ''}
          options={[{ value: '', label: 'All things' }, ...AUDITED.map((value) => ({ value, label: `${nameWords(value)}s` }))]}
          onChange={(value) => onChange({ kind: value, action: null })}
        />
        <Select
          label="Action"
          value={action ?? ''}
          options={[{ value: '', label: 'All actions' }, ...kinds.flatMap(actionsOn).map((value) => ({ value, label: auditWords(value) }))]}
          onChange={(value) => onChange({ action: value })}
        />
        <Person value={actor} known={known.people} onChange={(value) => onChange({ actor: value })} />
        <Select
          label="Period"
          value={period ?? ''}
          options={[
            { value: '', label: 'Any time' },
            ...PERIODS.map((value) => ({ value, label: `Last ${durationWords(value).replace(/^1 /, '')}` })),
          ]}
          onChange={(value) => onChange({ period: value })}
        />
        <Thing value={target} known={known.things} onChange={(value) => onChange({ target: value })} />
      </FilterBar>
    </div>
  );
}

interface PickerProps {
  value: string | null;
  known: readonly ComboboxOption[];
  onChange: (value: string | null) => void;
}

function Person({ value, known, onChange }: PickerProps): VNode {
  const [search, setSearch] = useState('');
  const canLookUp = useMe().data?.features.lookUps.users ?? false;
  // Of somebody whom the address names, the name; of what is typed, those whom it may mean.
  const isNamed = value === null || known.some((person) => person.value === value);
  const asked = search === '' ? { ids: value } : { search, limit: FOUND };
  const found = useAsk<{ items: PersonName[] }>('users', { query: asked, enabled: canLookUp && (search !== '' || !isNamed) });
  return (
    <Picker
      label="Person"
      value={value}
      options={[...known, ...(found.data?.items ?? []).map(({ id, name }) => ({ value: id, label: name }))]}
      onType={setSearch}
      onChange={onChange}
    />
  );
}

function Thing({ value, known, onChange }: PickerProps): VNode {
  const [search, setSearch] = useState('');
  const asked = { query: { search, limit: FOUND }, enabled: search !== '' };
  const workflows = useAsk<{ items: PersonName[] }>('workflows', asked);
  const machines = useAsk<{ items: PersonName[] }>('machines', asked);
  const found = [workflows, machines].flatMap(({ data }) => data?.items ?? []);
  return (
    <Picker
      label="Workflow or state machine"
      value={value}
      options={[...known, ...found.map(({ id, name }) => ({ value: id, label: name }))]}
      onType={setSearch}
      onChange={onChange}
    />
  );
}

function Picker({
  label,
  value,
  options,
  onType,
  onChange,
}: {
  label: string;
  value: string | null;
  options: readonly ComboboxOption[];
  onType: (text: string) => void;
  onChange: (value: string | null) => void;
}): VNode {
  const unique = [...new Map(options.map((option) => [option.value, option])).values()];
  return (
    <span class="audit-picker">
      <Combobox
        label={label}
        placeholder={label}
        value={value ?? ''}
        options={unique}
        onType={onType}
        onChange={(chosen) => onChange(chosen === '' ? null : chosen)}
      />
    </span>
  );
}
