import type { VNode } from 'preact';
import type { Catalog } from '../../model/catalog.js';
import type { QueryValues } from '../../model/route.js';
import { Select } from '../../ui/field.js';
import { FilterBar, SearchField } from '../../ui/filter-bar.js';
import { statusLook } from '../../ui/status.js';

/** What the list can be narrowed by, as the address names it. */
export const FILTERS = ['search', 'status', 'module', 'event'] as const;
export type WorkflowFilter = Record<string, string | null | undefined>;

const STATUSES = ['active', 'paused', 'draft', 'archived'];

/** Returns what the list is narrowed by, in words. */
export function activeFilters(filter: WorkflowFilter, catalog: Catalog | null): { name: string; label: string }[] {
  const { search, status, module, event } = filter;
  return [
    ...(search ? [{ name: 'search', label: `“${search}”` }] : []),
    ...(status ? [{ name: 'status', label: statusLook(status).word }] : []),
    ...(module ? [{ name: 'module', label: moduleLabel(catalog, module) }] : []),
    ...(event ? [{ name: 'event', label: `on ${event}` }] : []),
  ];
}

/** The fields above the list. */
export function WorkflowFilters({
  filter,
  catalog,
  onChange,
}: {
  filter: WorkflowFilter;
  catalog: Catalog | null;
  onChange: (changes: QueryValues) => void;
}): VNode {
  const module = catalog?.modules.find(({ name }) => name === filter.module);
  return (
    <FilterBar label="Workflows">
      <SearchField label="Search by name or code" value={filter.search ?? ''} onSearch={(search) => onChange({ search })} />
      <Select
        label="Status"
        value={filter.status ?? ''}
        options={[
          { value: '', label: 'All but archived' },
          ...STATUSES.map((status) => ({ value: status, label: statusLook(status).word })),
        ]}
        onChange={(status) => onChange({ status })}
      />
      <Select
        label="Module"
        value={filter.module ?? ''}
        options={[{ value: '', label: 'All modules' }, ...(catalog?.modules ?? []).map(({ name, label }) => ({ value: name, label }))]}
        onChange={(value) => onChange({ module: value, event: null })}
      />
      {module && (
        <Select
          label="Event"
          value={filter.event ?? ''}
          options={[{ value: '', label: 'All events' }, ...module.events.map(({ name, label }) => ({ value: name, label }))]}
          onChange={(event) => onChange({ event })}
        />
      )}
    </FilterBar>
  );
}

function moduleLabel(catalog: Catalog | null, name: string): string {
  return catalog?.modules.find((module) => module.name === name)?.label ?? name;
}
