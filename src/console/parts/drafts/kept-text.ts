import { type DraftDocument, documentOf, patchOf } from '../../model/document.js';

// What is typed and not stored yet is kept in the tab's storage too: a crash, or a step back too far, loses nothing.

interface KeptText {
  revision: number;
  document: DraftDocument;
}

const keyOfText = (id: string): string => `automation-draft ${id}`;

/** Keeps a document that is not stored yet. */
export function keepText(id: string, kept: KeptText): void {
  try {
    sessionStorage.setItem(keyOfText(id), JSON.stringify(kept));
  } catch {
    // No storage, or a full one: the page itself still has it.
  }
}

/** Forgets what is kept under this id. */
export function dropText(id: string): void {
  try {
    sessionStorage.removeItem(keyOfText(id));
  } catch {
    // See above.
  }
}

/** Returns what was typed in this tab and never stored; null when there is none. */
export function keptText(item: DraftDocument & { id: string }): DraftDocument | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(keyOfText(item.id)) ?? 'null') as KeptText | null;
    return kept !== null && patchOf(documentOf(item), kept.document) !== null ? kept.document : null;
  } catch {
    return null;
  }
}
