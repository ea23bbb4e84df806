import type { IconName } from '../../ui/icon.js';

/** Its keys are no key of ours: what is copied comes with the event of pasting, without asking for the clipboard. */
export const PASTE = 'Ctrl+V';

/** What can be done with a step, by its menu and by keys: what it is called, its key, its picture. */
export const STEP_ACTIONS: readonly (readonly [label: string, key: string, icon: IconName])[] = [
  ['Edit', 'Enter', 'pencil'],
  ['Add behind', 'A', 'plus'],
  ['Add before', 'Shift+A', 'plus'],
  ['Move up', 'Alt+Up', 'up'],
  ['Move down', 'Alt+Down', 'down'],
  ['Out of the step around it', 'Alt+Left', 'left'],
  ['Into the step above', 'Alt+Right', 'right'],
  ['Duplicate', 'Ctrl+D', 'copy'],
  ['Copy', 'Ctrl+C', 'copy'],
  ['Cut', 'Ctrl+X', 'copy'],
  ['Paste behind', PASTE, 'plus'],
  ['Delete', 'Delete', 'trash'],
];

/** Returns what a key is called, with those that are held beside it: `Alt+Up`, `Shift+A`. */
export function keyName({ key, altKey, ctrlKey, metaKey, shiftKey }: KeyboardEvent): string {
  const held = `${ctrlKey || metaKey ? 'Ctrl+' : ''}${altKey ? 'Alt+' : ''}${shiftKey ? 'Shift+' : ''}`;
  return held + (key.length === 1 ? key.toUpperCase() : key === 'Backspace' ? 'Delete' : key.replace('Arrow', ''));
}
