import type { Json } from '../../core/json.js';
import { getAt, insertAt, listAt, type Place, setAt } from './json-path.js';

/** The lists of nodes inside a node, by their places from it on, in reading order. */
export type ListsOf = (node: Json) => readonly Place[];

/** Where a node may stand: in a list, before what has this index now. */
export interface Slot {
  list: Place;
  index: number;
}

/** What became of a tree: the tree, and where the node that was meant stands now. */
export interface Moved {
  root: Json;
  at: Place;
}

/** Returns every node below the root in reading order, a node before what is inside it. */
export function nodesOf(root: Json, listsOf: ListsOf, from: Place = []): Place[] {
  return listsOf(getAt(root, from) ?? null).flatMap((list) => {
    const place = [...from, ...list];
    return listAt(root, place).flatMap((_, index) => [[...place, index], ...nodesOf(root, listsOf, [...place, index])]);
  });
}

/** Returns every slot of the tree in reading order. */
function slotsOf(root: Json, listsOf: ListsOf, from: Place = []): Slot[] {
  return listsOf(getAt(root, from) ?? null).flatMap((relative) => {
    const list = [...from, ...relative];
    const slots = listAt(root, list).flatMap((_, index) => [{ list, index }, ...slotsOf(root, listsOf, [...list, index])]);
    return [...slots, { list, index: listAt(root, list).length }];
  });
}

/** Returns the slot that a node stands in. */
export function slotOf(at: Place): Slot {
  return { list: at.slice(0, -1), index: Number(at.at(-1)) };
}

/** Returns the list that a node stands in, and the node around that; null for nodes of the root's own lists. */
export function parentOf(root: Json, listsOf: ListsOf, at: Place): Place | null {
  const around = nodesOf(root, listsOf).filter((one) => one.length < at.length && one.every((part, index) => at[index] === part));
  return around.at(-1) ?? null;
}

/** Moves a node by one slot in reading order, into and out of lists as they come; null at the end. */
export function moveBy(root: Json, listsOf: ListsOf, at: Place, by: 1 | -1): Moved | null {
  const without = setAt(root, at, undefined);
  const here = slotOf(at);
  const slots = slotsOf(without, listsOf);
  const index = slots.findIndex((slot) => isSameSlot(slot, here));
  const target = index === -1 ? undefined : slots[index + by];
  return target === undefined ? null : put(without, target, getAt(root, at) as Json);
}

/** Moves a node into a slot of the tree as it is without that node. */
export function moveTo(root: Json, at: Place, slotOfRest: (without: Json) => Slot): Moved {
  const without = setAt(root, at, undefined);
  return put(without, slotOfRest(without), getAt(root, at) as Json);
}

/** Puts a node into a slot. */
export function put(root: Json, { list, index }: Slot, node: Json): Moved {
  return { root: insertAt(root, list, index, node), at: [...list, index] };
}

function isSameSlot(one: Slot, other: Slot): boolean {
  return one.index === other.index && one.list.length === other.list.length && one.list.every((part, index) => part === other.list[index]);
}
