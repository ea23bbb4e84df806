import type { FieldDescription } from '../../../core/catalog.js';
import { type CatalogModule, moduleOf } from '../../model/catalog.js';
import { recordVariables } from '../../model/variables.js';
import { nameWords } from '../../model/words.js';
import type { ComboboxOption } from '../../ui/combobox.js';
import { type Editing, namedModule } from './editing.js';

/**
 * Returns what people may mean by an argument of this name. Nothing is refused for not being among it: an action of the host's may
 * mean something else by the name.
 */
export function suggestionsFor(name: string, editing: Pick<Editing, 'catalog' | 'module' | 'named'>): ComboboxOption[] {
  const { catalog, module } = editing;
  const known = namedModule(editing);
  const plain = (values: readonly string[]): ComboboxOption[] => values.map((value) => ({ value, label: value }));
  const fields = (isMeant: (field: FieldDescription) => boolean): ComboboxOption[] =>
    (known?.fields ?? []).filter(isMeant).map(({ name: value, label, type }) => ({ value, label, hint: type }));
  switch (name) {
    case 'template':
    case 'mail-template':
      return plain(catalog.mailTemplates);
    case 'stage':
      return plain(known?.stages ?? []);
    case 'module':
      return catalog.modules.map(({ name: value, label }) => ({ value, label, hint: value }));
    case 'relation':
      return (moduleOf(catalog, module)?.relations ?? []).map(({ name: value, module: hint }) => ({
        value,
        label: nameWords(value),
        hint,
      }));
    case 'writable-field':
      return fields(({ writable }) => writable);
    case 'field':
    case 'fields':
      return fields(() => true);
    case 'untilField':
      return fields(({ type }) => type === 'date' || type === 'datetime');
    case 'timezone':
      return plain(Intl.supportedValuesOf('timeZone'));
    default:
      return [];
  }
}

/** Returns the values that a field may take, where they are known. */
export function valuesOf(module: CatalogModule | null, name: unknown): string[] | undefined {
  const field = module?.fields.find((one) => one.name === name);
  return field?.options ?? (field && field.name === module?.stageField ? (module?.stages ?? undefined) : undefined);
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
