import { moduleOf } from '../../model/catalog.js';
import { recordVariables } from '../../model/variables.js';
import type { ComboboxOption } from '../../ui/combobox.js';
import type { Editing } from './editing.js';

/**
 * Returns what people may mean by an argument of this name. Nothing is refused for not being among it: an action of the host's may
 * mean something else by the name.
 */
export function suggestionsFor(name: string, { catalog, module }: Pick<Editing, 'catalog' | 'module'>): ComboboxOption[] {
  const known = moduleOf(catalog, module);
  const plain = (values: readonly string[]): ComboboxOption[] => values.map((value) => ({ value, label: value }));
  switch (name) {
    case 'template':
    case 'mail-template':
      return plain(catalog.mailTemplates);
    case 'stage':
      return plain(known?.stages ?? []);
    case 'module':
      return catalog.modules.map(({ name: value, label }) => ({ value, label, hint: value }));
    case 'field':
      return (known?.fields ?? []).filter(({ writable }) => writable).map(({ name: value, label, type }) => ({ value, label, hint: type }));
    case 'show':
    case 'fields':
      return (known?.fields ?? []).map(({ name: value, label, type }) => ({ value, label, hint: type }));
    case 'untilField':
      return (known?.fields ?? [])
        .filter(({ type }) => type === 'date' || type === 'datetime')
        .map(({ name: value, label, type }) => ({ value, label, hint: type }));
    case 'timezone':
      return plain(Intl.supportedValuesOf('timeZone'));
    default:
      return [];
  }
}

/** The catalogue is one object for the whole page, and every row of a condition asks what there is to look at. */
const known = new WeakMap<object, Map<string | null, ComboboxOption[]>>();

/** Returns what conditions can look at, as something to choose from. */
export function fieldOptions({ catalog, module }: Pick<Editing, 'catalog' | 'module'>): ComboboxOption[] {
  const ofModule = known.get(catalog) ?? new Map<string | null, ComboboxOption[]>();
  known.set(catalog, ofModule);
  const options =
    ofModule.get(module) ?? recordVariables(module, catalog).map(({ path, label, type }) => ({ value: path, label, hint: type ?? 'any' }));
  ofModule.set(module, options);
  return options;
}
