import type { JsonObject } from '../../../core/json.js';
import type { Catalog } from '../../model/catalog.js';
import type { Place } from '../../model/json-path.js';
import type { OpenedMenu } from '../../ui/menu.js';
import type { Turns } from './turns.js';

/** What can be done with a drawing beyond looking at it. */
export interface FlowEditing {
  /** Asks for a kind of step, to be put there. */
  add: (list: Place, index: number) => void;
  /** Opens the menu of a step; all of them have one. */
  openMenu: (place: Place, label: string, opened: OpenedMenu) => void;
}

export interface FlowProps {
  definition: JsonObject;
  catalog: Catalog | null;
  module: string | null;
  /** The chosen step, by its place. */
  chosen: string | null;
  onChoose: (place: Place) => void;
  problems: readonly { path: string }[];
  /** Absent: nothing can be changed. */
  editing?: FlowEditing;
  /** Told the keys of cards: Tab leads to one card, and keys to the others. */
  onKeyDown: (event: KeyboardEvent) => void;
}

/** From so many steps on branches below the second level are folded at first. */
export const MANY_STEPS = 40;

/** What is the same for all steps, and for most keys. */
export interface Drawing extends Pick<FlowProps, 'catalog' | 'module' | 'onChoose' | 'problems' | 'editing'> {
  isMany: boolean;
  turns: Turns;
}

/** Which steps are other than the rest; null outside of what they are about, so that only what they are in is drawn anew. */
export interface Spots {
  chosen: string | null;
  /** The one that Tab leads to. */
  reached: string | null;
}
