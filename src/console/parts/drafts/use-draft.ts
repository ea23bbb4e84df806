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

/** Drafts whose pages were left, by their address: what is still on its way to the server is waited for by who opens them again. */
const left = new Map<string, { close: () => Promise<void> }>();

/** Opens what is to be edited; stores the last edit when the page is left. */
export function useDraft<Item extends DraftItem>(kind: DraftKind, id: string): LoadedDraft<Item> {
  const [draft, setDraft] = useState<Draft<Item> | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    // Not from what was asked lately: an edit on top of an old state would be a conflict.
    const leaving = new AbortController();
    const path = `${kind}/${id}`;
    setError(null);
    const load = async (): Promise<void> => {
      try {
        await left.get(path)?.close();
        left.delete(path);
        const item = await call<Item>('GET', path, { signal: leaving.signal });
        setDraft(new Draft(kind, item));
      } catch (failed) {
        if (failed instanceof ApiError) setError(failed);
      }
    };
    void load();
    return () => leaving.abort();
  }, [kind, id, turn]);
  useEffect(
    () => () => {
      if (draft === null) return;
      const { path } = draft;
      left.set(path, draft);
      void draft.save().then((isSaved) => {
        if (isSaved && left.get(path) === draft) left.delete(path);
        // Lists that were asked before it was stored show what was.
        void forget(kind);
      });
    },
    [draft],
  );
  return { draft, error, retry: () => setTurn(turn + 1) };
}
