import type { Catalog } from '../model/catalog.js';
import { type Asked, useAsk } from './query.js';
import type { Me, Permission } from './types.js';

/** Asks who is reading the page; everything else follows from it. */
export function useMe(): Asked<Me> {
  return useAsk<Me>('me', { fresh: 60_000 });
}

/** Returns whether the reader may do this; the API decides in any case. */
export function useMay(permission: Permission): boolean {
  return useMe().data?.permissions.includes(permission) ?? false;
}

/** Asks what definitions may refer to. It changes with releases of the host: once a page is enough. */
export function useCatalog(): Catalog | null {
  const may = useMay('view');
  return useAsk<Catalog>('catalog', { fresh: Number.POSITIVE_INFINITY, enabled: may }).data ?? null;
}
