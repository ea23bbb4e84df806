import type { VNode } from 'preact';
import {
  type ConditionEdit,
  crossingWords,
  duplicateRow,
  moveRow,
  moveRowIn,
  moveRowOut,
  placeWords,
  removeRow,
  rowsOf,
} from '../../model/condition-tree.js';
import { formatPlace, type Place } from '../../model/json-path.js';
import { Icon } from '../../ui/icon.js';
import { MenuButton, type MenuItem } from '../../ui/menu.js';
import type { Tree } from './tree.js';

/** The handle of a row: a menu, and the keys that move it. */
export function Handle({ tree, at, name }: { tree: Tree; at: Place; name: string }): VNode {
  const { root, apply } = tree;
  const moved = (edit: ConditionEdit | null): void => apply(edit, edit?.at ? (crossingWords(at, edit.at) ?? 'Moved:') : '');
  const up = (): void => moved(moveRow(root, at, -1));
  const down = (): void => moved(moveRow(root, at, 1));
  const inward = (): void => moved(moveRowIn(root, at));
  const out = (): void => moved(moveRowOut(root, at));
  const copy = (): void => apply(duplicateRow(root, at), 'Copied:');
  const remove = (): void => apply(removeRow(root, at), 'Removed.');
  const items: MenuItem[] = [
    { label: 'Move up (Alt+Up)', icon: 'up', onSelect: up },
    { label: 'Move down (Alt+Down)', icon: 'down', onSelect: down },
    { label: 'Into a group with the row above (Alt+Right)', icon: 'right', onSelect: inward },
    { label: 'Out of its group (Alt+Left)', icon: 'left', onSelect: out },
    { label: 'Duplicate (Ctrl+D)', icon: 'copy', onSelect: copy },
    { label: 'Delete (Delete)', icon: 'trash', danger: true, onSelect: remove },
  ];
  const onKeyDown = (event: KeyboardEvent): void => {
    const target = event.target as HTMLElement;
    if (!target.matches('.handle')) return;
    const action = keyAction(event, { up, down, inward, out, copy, remove });
    if (action) {
      event.preventDefault();
      event.stopPropagation();
      action();
      return;
    }
    if (event.altKey || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return;
    const rows = rowsOf(root);
    const here = rows.findIndex((row) => formatPlace(row) === formatPlace(at));
    const next = rows[here + (event.key === 'ArrowUp' ? -1 : 1)];
    event.preventDefault();
    event.stopPropagation();
    if (next) tree.focusHandle(next);
  };
  return (
    <span onKeyDownCapture={onKeyDown}>
      <MenuButton label={`${name}, ${placeWords(root, at)}`} items={items} class="handle">
        <Icon name="grip" />
        <span class="visually-hidden">{`${name}, ${placeWords(root, at)}`}</span>
      </MenuButton>
    </span>
  );
}

interface Actions {
  up: () => void;
  down: () => void;
  inward: () => void;
  out: () => void;
  copy: () => void;
  remove: () => void;
}

function keyAction({ key, altKey, ctrlKey, metaKey }: KeyboardEvent, actions: Actions): (() => void) | null {
  if (altKey) {
    const moves: Record<string, () => void> = {
      ArrowUp: actions.up,
      ArrowDown: actions.down,
      ArrowRight: actions.inward,
      ArrowLeft: actions.out,
    };
    return moves[key] ?? null;
  }
  if ((ctrlKey || metaKey) && key.toLowerCase() === 'd') return actions.copy;
  return key === 'Delete' || key === 'Backspace' ? actions.remove : null;
}
