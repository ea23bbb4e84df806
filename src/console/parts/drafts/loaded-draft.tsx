import type { VNode } from 'preact';
import { useCatalog } from '../../api/me.js';
import type { Catalog } from '../../model/catalog.js';
import { Page } from '../../ui/page.js';
import { EmptyState, ErrorPanel, Skeleton } from '../../ui/states.js';
import { DRAFT_WORDS, type Draft, type DraftItem, type DraftKind } from './draft.js';
import { useDraft } from './use-draft.js';

interface LoadedDraftProps<Item extends DraftItem> {
  kind: DraftKind;
  id: string;
  children: (draft: Draft<Item>, catalog: Catalog) => VNode;
}

/** The page of a draft once that is loaded; until then, or when it cannot be, a page that says so. */
export function LoadedDraft<Item extends DraftItem>({ kind, id, children }: LoadedDraftProps<Item>): VNode {
  const catalog = useCatalog();
  const { draft, error, retry } = useDraft<Item>(kind, id);
  if (error === null && draft !== null && catalog !== null) return children(draft, catalog);
  const { what, label } = DRAFT_WORDS[kind];
  const isMissing = error?.status === 404;
  return (
    <Page title={isMissing ? `No such ${what}` : label.slice(0, -1)} back={{ href: kind, label }}>
      {isMissing ? (
        <EmptyState icon="question" title={`There is no ${what} of this id in this workspace`} />
      ) : error ? (
        <ErrorPanel error={error.body} retry={retry} />
      ) : (
        <Skeleton what={`the ${what}`} rows={8} />
      )}
    </Page>
  );
}
