import type { RefObject } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import type { Json, JsonObject } from '../../../core/json.js';
import { useMay } from '../../api/me.js';
import type { Catalog } from '../../model/catalog.js';
import { formatPlace, getAt, type Place, parsePlace, setAt } from '../../model/json-path.js';
import { useStore } from '../../ui/store.js';
import type { Editing } from '../forms/editing.js';
import type { Draft, DraftItem } from './draft.js';
import { useFocusOn } from './focus-control.js';

/** A draft, and what its page edits it with. */
export interface OpenDraft<Item extends DraftItem> {
  draft: Draft<Item>;
  editing: Editing;
  /** Why it is to look at only; null where it may be edited. */
  readOnly: string | null;
  /** The page's own element, in which controls are found. */
  page: RefObject<HTMLDivElement | null>;
  /** Brings the focus to the control of a path, once nothing stands before it. */
  focusOn: (path: string) => void;
  /** The dialog that is open. */
  dialog: string | null;
  ask: (dialog: string | null) => void;
  /** Opens a dialog about what is stored: once all of it is. */
  askStored: (dialog: string) => Promise<void>;
}

/** What forms are told beside the draft. */
interface Around {
  catalog: Catalog;
  module: string | null;
  /** The record that previews are about. */
  record?: { id: string; title: string } | null;
  /** The dialog that is open from the beginning. */
  dialog?: string | null;
}

/** Returns a draft with what its page edits it with. */
export function useOpenDraft<Item extends DraftItem>(draft: Draft<Item>, around: Around): OpenDraft<Item> {
  const { catalog, module, record = null } = around;
  const { item, history } = useStore(draft.state);
  const { status, problems } = item;
  const { definition } = history.present;
  const mayManage = useMay('manage');
  const isArchived = status === 'archived';
  const isReadOnly = !mayManage || isArchived;
  const [dialog, ask] = useState(around.dialog ?? null);
  const [isFinal, setFinal] = useState(false);
  // What nobody has come to yet is not wrong: it is once somebody says that it is all there.
  const wrong = useMemo(
    () => (isFinal ? problems : problems.filter(({ path }) => String(getAt(item.definition, parsePlace(path)) ?? '') !== '')),
    [problems, isFinal],
  );
  const page = useRef<HTMLDivElement>(null);
  const focusOn = useFocusOn(page, dialog !== null);
  const editing = useMemo<Editing>(
    () => ({
      definition,
      catalog,
      module,
      problems: wrong,
      subject: record && { recordId: record.id },
      subjectTitle: record?.title ?? null,
      isReadOnly,
      set: (place: Place, value: Json | undefined) =>
        draft.editDefinition((now) => setAt(now, place, value) as JsonObject, formatPlace(place)),
      change: (change: (now: JsonObject) => JsonObject) => draft.editDefinition(change),
    }),
    [definition, catalog, module, wrong, record, isReadOnly, draft],
  );
  const askStored = async (which: string): Promise<void> => {
    setFinal(true);
    if (isReadOnly || (await draft.save())) ask(which);
  };
  const readOnly = isArchived ? 'archived: to look at only' : 'to look at only: editing takes the permission automation:manage';
  return { draft, editing, readOnly: isReadOnly ? readOnly : null, page, focusOn, dialog, ask, askStored };
}
