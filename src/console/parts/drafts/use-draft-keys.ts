import { useEffect } from 'preact/hooks';
import { toastError } from '../../ui/live.js';
import type { Draft, DraftItem } from './draft.js';

/** What keys do beside saving and undoing. */
interface DraftActions {
  /** F8, and with Shift the other way: to the next problem. */
  onProblem: (by: 1 | -1) => void;
  /** `?` outside of text: which keys there are. */
  onHelp: () => void;
}

const TEXT = 'input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]';

/** Stores what is there: also what counts only once its field is left; what a field cannot read is not stored, and it says so. */
function saveNow<Item extends DraftItem>(draft: Draft<Item>): void {
  const field = document.activeElement;
  if (field instanceof HTMLElement && field.matches(TEXT)) {
    field.blur();
    field.focus();
  }
  void draft.save();
  const unread = document.querySelector<HTMLElement>('[data-unread]');
  if (unread === null) return;
  unread.focus();
  toastError('Not all of it is saved', 'What this field holds cannot be used as it is.');
}

/** The keys of every page that edits a draft. Inside a text its own undo counts; a dialog above the page has its own keys. */
export function useDraftKeys<Item extends DraftItem>(draft: Draft<Item>, { onProblem, onHelp }: DraftActions): void {
  useEffect(() => {
    const actionOf = (event: KeyboardEvent): (() => void) | null => {
      const isTyping = event.target instanceof HTMLElement && event.target.matches(TEXT);
      const key = event.key.toLowerCase();
      if (event.ctrlKey || event.metaKey) {
        if (key === 's') return () => saveNow(draft);
        if (isTyping) return null;
        if (key === 'z') return () => (event.shiftKey ? draft.redo() : draft.undo());
        return key === 'y' ? () => draft.redo() : null;
      }
      if (key === 'f8') return () => onProblem(event.shiftKey ? -1 : 1);
      return key === '?' && !isTyping ? onHelp : null;
    };
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || document.querySelector('dialog[open]')) return;
      const action = actionOf(event);
      if (action === null) return;
      event.preventDefault();
      action();
    };
    const onHide = (): void => {
      if (document.hidden) void draft.save();
    };
    addEventListener('keydown', onKey);
    document.addEventListener('visibilitychange', onHide);
    return () => {
      removeEventListener('keydown', onKey);
      document.removeEventListener('visibilitychange', onHide);
    };
  });
}
