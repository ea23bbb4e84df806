import type { VNode } from 'preact';
import { type Catalog, moduleOf } from '../../model/catalog.js';
import type { QueryValues } from '../../model/route.js';
import { Select } from '../../ui/field.js';
import { FilterBar, SearchField } from '../../ui/filter-bar.js';

/** What the lists of workflows and machines can be narrowed by, as the address names it. */
export const FILTERS = ['search', 'status', 'module', 'event'] as const;
type Filter = Readonly<Record<string, string | null | undefined>>;

/** The statuses, each in words. */
export interface DefinitionStatuses {
  /** Without one: how that is called, and what the API is asked for then. */
  all: { words: string; asked?: string };
  words: Readonly<Record<string, string>>;
}

/** Returns what a list is narrowed by, in words. */
export function activeFilters(
  { search, status, module, event }: Filter,
  statuses: DefinitionStatuses,
  catalog: Catalog | null,
): { name: string; label: string }[] {
  const known = moduleOf(catalog, module);
  return [
    ...(search ? [{ name: 'search', label: `“${search}”` }] : []),
    ...(status ? [{ name: 'status', label: statuses.words[status] ?? status }] : []),
    ...(module ? [{ name: 'module', label: known?.label ?? module }] : []),
    ...(event ? [{ name: 'event', label: `on ${event}` }] : []),
  ];
}

interface DefinitionFiltersProps {
  label: string;
  filter: Filter;
  statuses: DefinitionStatuses;
  byEvent: boolean;
  catalog: Catalog | null;
  onChange: (changes: QueryValues) => void;
}

/** The fields above a list of workflows or machines. */
export function DefinitionFilters({ label, filter, statuses, byEvent, catalog, onChange }: DefinitionFiltersProps): VNode {
  const module = byEvent ? moduleOf(catalog, filter.module) : null;
  const choice = (name: string, all: string, options: readonly { name: string; label: string }[], also?: QueryValues): VNode => (
    <Select
      label={`${name[0]?.toUpperCase()}${name.slice(1)}`}
      value={filter[name] ?? ''}
      options={[{ value: '', label: all }, ...options.map((one) => ({ value: one.name, label: one.label }))]}
      onChange={(value) => onChange({ ...also, [name]: value })}
    />
  );
  return (
    <FilterBar label={label}>
      <SearchField label="Search by name or code" value={filter.search ?? ''} onSearch={(search) => onChange({ search })} />
      {choice(
        'status',
        statuses.all.words,
        Object.entries(statuses.words).map(([name, words]) => ({ name, label: words })),
      )}
      {choice('module', 'All modules', catalog?.modules ?? [], { event: null })}
      {module && choice('event', 'All events', module.events)}
    </FilterBar>
  );
}
