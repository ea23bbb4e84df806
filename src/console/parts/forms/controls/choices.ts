import { useState } from 'preact/hooks';
import { useMay, useMe } from '../../../api/me.js';
import { useAsk } from '../../../api/query.js';
import type { Me } from '../../../api/types.js';
import { getAt, type Place } from '../../../model/json-path.js';
import type { FormField, Pick } from '../../../model/schema-form.js';
import type { ComboboxOption } from '../../../ui/combobox.js';
import { useEditing } from '../editing.js';
import { suggestionsFor } from '../suggestions.js';

/** What there is to choose from, and where what is typed is looked up. */
export interface Choices {
  options: readonly ComboboxOption[];
  onType: (text: string) => void;
}

/** Something that the API lists, whatever it is. */
type Listed = string | { id?: string; name?: string; code?: string; title?: string; label?: string | null; email?: string | null };

const AT_ONCE = 20;
const LONG_MS = 60_000;

/** Where those things are listed that the catalogue does not have. */
const LISTS: Partial<Record<Pick, 'users' | 'roles' | 'queues' | 'workflows' | 'records'>> = {
  user: 'users',
  role: 'roles',
  queue: 'queues',
  workflow: 'workflows',
  record: 'records',
};

/** Those that stand for a user in each run anew, where the argument takes them: its description says so. */
const STAND_INS: readonly ComboboxOption[] = [
  { value: 'owner', label: 'The owner of the record' },
  { value: 'actor', label: 'Whoever caused the event' },
];

/** Asks what an argument can name. `chosen` are those whose names are to be known. */
export function useChoices(field: FormField & { pick: Pick }, place: Place, chosen: readonly string[]): Choices {
  const { pick, name, description } = field;
  const editing = useEditing();
  const me = useMe().data;
  const maySeeQueues = useMay('tasks');
  const [search, setSearch] = useState('');
  const text = search.trim();
  const module = pick === 'record' ? getAt(editing.definition, [...place.slice(0, -1), 'module']) : null;
  const list = LISTS[pick];
  const isListed = list === 'queues' ? maySeeQueues : list !== undefined && canLookUp(list, me);
  const hasQuestion = pick !== 'record' || (typeof module === 'string' && text !== '');
  const isSearched = list === 'users' || list === 'workflows' || list === 'records';
  const listed = useAsk<{ items: Listed[] }>(list ?? 'users', {
    query: isSearched ? { search: text, limit: AT_ONCE, module: typeof module === 'string' ? module : null } : {},
    enabled: isListed && hasQuestion,
    fresh: LONG_MS,
  });
  const named = useAsk<{ items: Listed[] }>('users', {
    query: { ids: chosen.join() },
    enabled: isListed && pick === 'user' && chosen.length > 0,
    fresh: LONG_MS,
  });
  if (list === undefined)
    return { options: suggestionsFor(pick === 'field' && name === 'untilField' ? name : pick, editing), onType: setSearch };
  const found = [...(pick === 'user' ? (named.data?.items ?? []) : []), ...(isListed ? (listed.data?.items ?? []) : [])];
  const standIns = pick === 'user' && description?.includes('`owner`') ? STAND_INS : [];
  return { options: unique([...standIns, ...found.map((one) => optionOf(one, pick))]), onType: setSearch };
}

function canLookUp(list: 'users' | 'roles' | 'workflows' | 'records', me: Me | undefined): boolean {
  return list === 'workflows' || (me?.features.lookUps[list] ?? false);
}

function optionOf(one: Listed, pick: Pick): ComboboxOption {
  if (typeof one === 'string') return { value: one, label: one };
  const { id = '', name = '', code = '', title = '', label, email } = one;
  switch (pick) {
    case 'user':
      return { value: id, label: name, hint: email ?? id };
    case 'workflow':
      return { value: code, label: name, hint: code };
    case 'record':
      return { value: id, label: title, hint: id };
    default:
      return { value: name, label: label ?? name, hint: name };
  }
}

function unique(options: readonly ComboboxOption[]): ComboboxOption[] {
  return [...new Map(options.map((option) => [option.value, option])).values()];
}
