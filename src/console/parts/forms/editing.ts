import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Json, JsonObject } from '../../../core/json.js';
import { type Catalog, type CatalogModule, moduleOf } from '../../model/catalog.js';
import { formatPlace, getAt, type Place } from '../../model/json-path.js';

/** The definition that forms are about, and how they change it. */
export interface Editing {
  definition: JsonObject;
  catalog: Catalog;
  /** The module of the record; null for workflows about none. */
  module: string | null;
  /** The module that arguments name fields of, where it is another one than the record's; null: nobody knows which. */
  named?: string | null;
  problems: readonly { path: string; message: string; hint?: string }[];
  /** The record that previews are about. */
  subject: JsonObject | null;
  /** What that record is called. */
  subjectTitle?: string | null;
  isReadOnly: boolean;
  /** Changes the value at a place; `undefined` takes it away. Changes of one place in a row are undone together. */
  set: (place: Place, value: Json | undefined) => void;
  /** Changes the whole definition, as one step of undo. */
  change: (change: (definition: JsonObject) => JsonObject) => void;
}

/** Returns the module that arguments name fields of. */
export function namedModule({ catalog, module, named = module }: Pick<Editing, 'catalog' | 'module' | 'named'>): CatalogModule | null {
  return moduleOf(catalog, named);
}

export const EditingContext = createContext<Editing | null>(null);

export function useEditing(): Editing {
  const editing = useContext(EditingContext);
  if (editing === null) throw new Error('There is no definition around this form.');
  return editing;
}

/** Returns the value at a place, and what is wrong with it: of the value itself, or with `deep` of what is inside it too. */
export function useValue(place: Place, deep = false): { value: Json | undefined; problem: string | null; path: string } {
  const { definition, problems } = useEditing();
  const path = formatPlace(place);
  const found = problems.filter((one) => one.path === path || (deep && isBelow(one.path, path)));
  return { value: getAt(definition, place), problem: found.length === 0 ? null : found.map(({ message }) => message).join(' '), path };
}

/** True for the path of something inside what has the other path. */
function isBelow(path: string, around: string): boolean {
  return path.startsWith(around) && /^[.[]/.test(path.slice(around.length));
}
