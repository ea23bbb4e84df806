import type { VNode } from 'preact';
import { useAsk } from '../../api/query.js';
import type { RunCounts, WorkflowItem } from '../../api/types.js';
import type { Catalog } from '../../model/catalog.js';
import type { QueryValues } from '../../model/route.js';
import { boundedCount, PERIODS, RUN_STATUSES, type RunListFilter } from '../../model/run-filter.js';
import { durationWords } from '../../model/time.js';
import { Select } from '../../ui/field.js';
import { FilterBar, SearchField } from '../../ui/filter-bar.js';
import { Icon } from '../../ui/icon.js';
import { statusLook } from '../../ui/status.js';

interface RunFiltersProps {
  filter: RunListFilter;
  /** The filter as the API is asked. */
  asked: QueryValues;
  catalog: Catalog | null;
  /** Those to choose among; null: there is no choice. */
  workflows: readonly WorkflowItem[] | null;
  isGrouped: boolean;
  onChange: (changes: QueryValues) => void;
}

/** The fields above the list of runs, and how many there are in each status. */
export function RunFilters({ filter, asked, catalog, workflows, isGrouped, onChange }: RunFiltersProps): VNode {
  const counts = useAsk<RunCounts>('runs/counts', { query: { ...asked, status: null }, every: 15_000 });
  const toggle = (status: string): void => {
    const next = RUN_STATUSES.filter((one) => filter.status.includes(one) !== (one === status));
    onChange({ status: next.join(',') });
  };
  return (
    <>
      <fieldset class="status-filters">
        <legend class="visually-hidden">Status</legend>
        {RUN_STATUSES.map((status) => {
          const count = counts.data?.counts.find((one) => one.status === status);
          const { word, icon, tone } = statusLook(status);
          return (
            <button
              key={status}
              type="button"
              class="status-filter"
              aria-pressed={filter.status.includes(status)}
              onClick={() => toggle(status)}
            >
              <span class={`tone-${tone}`}>
                <Icon name={icon} size={12} />
              </span>
              {word}
              <span class="numbers">{count ? boundedCount(count.runs, count.isExact) : '–'}</span>
            </button>
          );
        })}
      </fieldset>
      <FilterBar label="Runs">
        <SearchField label="Search by id or error" value={filter.search ?? ''} onSearch={(search) => onChange({ search })} />
        {workflows && (
          <Select
            label="Workflow"
            value={filter.workflowId ?? ''}
            options={[{ value: '', label: 'All workflows' }, ...workflowOptions(workflows, filter.workflowId)]}
            onChange={(workflowId) => onChange({ workflowId, version: null })}
          />
        )}
        <Select
          label="Module"
          value={filter.module ?? ''}
          options={[{ value: '', label: 'All modules' }, ...(catalog?.modules ?? []).map(({ name, label }) => ({ value: name, label }))]}
          onChange={(module) => onChange({ module, recordId: null })}
        />
        <Select
          label="Period"
          value={filter.period ?? ''}
          options={[
            { value: '', label: 'Any time' },
            ...PERIODS.map((period) => ({ value: period, label: `Last ${durationWords(period).replace(/^1 /, '')}` })),
          ]}
          onChange={(period) => onChange({ period })}
        />
        <span class="view-switch">
          <Select
            label="Shown"
            value={isGrouped ? 'groups' : ''}
            options={[
              { value: '', label: 'Each run' },
              { value: 'groups', label: 'By reason' },
            ]}
            onChange={(view) => onChange({ view })}
          />
        </span>
      </FilterBar>
    </>
  );
}

/** A workflow that is not among those that are known stays a choice: the address says it. */
function workflowOptions(workflows: readonly WorkflowItem[], chosen: string | null): { value: string; label: string }[] {
  const options = workflows.map(({ id, name }) => ({ value: id, label: name }));
  return chosen === null || options.some(({ value }) => value === chosen)
    ? options
    : [...options, { value: chosen, label: 'This workflow' }];
}
