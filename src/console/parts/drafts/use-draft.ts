import { useEffect, useState } from 'preact/hooks';
import { ApiError, call } from '../../api/client.js';
import { forget } from '../../api/query.js';
import { Draft, type DraftItem, type DraftKind } from './draft.js';

/** A draft as it is being loaded: there once it is, or why it is not. */
export interface LoadedDraft<Item extends DraftItem> {
  draft: Draft<Item> | null;
  error: ApiError | null;
  retry: () => void;
}

/** Opens what is to be edited; stores the last edit when the page is left. */
export function useDraft<Item extends DraftItem>(kind: DraftKind, id: string): LoadedDraft<Item> {
  const [draft, setDraft] = useState<Draft<Item> | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    // Not from what was asked lately: an edit on top of an old state would be a conflict.
    const leaving = new AbortController();
    setError(null);
    call<Item>('GET', `${kind}/${id}`, { signal: leaving.signal })
      .then((item) => setDraft(new Draft(kind, item)))
      .catch((failed: unknown) => {
        if (failed instanceof ApiError) setError(failed);
      });
    return () => leaving.abort();
  }, [kind, id, turn]);
  useEffect(
    () => () => {
      void draft?.save();
      void forget(kind);
    },
    [draft],
  );
  return { draft, error, retry: () => setTurn(turn + 1) };
}
