import './outline.css';
import type { VNode } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { JsonObject } from '../../../core/json.js';
import type { Catalog } from '../../model/catalog.js';
import { isWithin, type Place } from '../../model/json-path.js';
import { isAt, type OutlineRow, outlineOf, outlineRows } from '../../model/outline.js';
import { placedSteps } from '../../model/step-tree.js';
import { countWords } from '../../model/words.js';
import { Icon } from '../../ui/icon.js';
import { useSlash } from '../../ui/slash.js';
import { MANY_STEPS } from './drawing.js';
import { whenIdle } from './turns.js';

const LINES_AT_ONCE = 48;

interface OutlineProps {
  definition: JsonObject;
  catalog: Catalog;
  problems: readonly { path: string }[];
  chosen: string | null;
  onGo: (place: Place) => void;
}

/** The steps as a tree of names: to find one among many, and to see where problems are. HTML has no tree. */
export function Outline({ definition, catalog, problems, chosen, onGo }: OutlineProps): VNode {
  const [search, setSearch] = useState('');
  // Lines that were opened or folded by hand.
  const [byHand, setByHand] = useState<ReadonlyMap<string, boolean>>(new Map());
  const [reached, setReached] = useState<string | null>(null);
  const tree = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const isMany = placedSteps(definition).length > MANY_STEPS;
  const nodes = useMemo(() => outlineOf(definition, problems, catalog), [definition, problems, catalog]);
  // The list that the chosen step is in: all of that list are around by the same lines.
  const around = chosen?.slice(0, chosen.lastIndexOf('[')) ?? '';
  const rows = useMemo(
    () => outlineRows(nodes, search, (path, level) => byHand.get(path) ?? (isAt(around, path) || !isMany || level < 2)),
    [nodes, search, byHand, around, isMany],
  );
  useSlash(field);
  // The chosen step is seen here too, wherever it was chosen. Not before the page is laid out: to ask would lay it out once more.
  useEffect(() => {
    const line = tree.current?.querySelector<HTMLElement>('[aria-selected=true]');
    if (line) scrollInto(tree.current, line);
  }, [chosen]);

  const indexOf = (path: string | null | undefined): number => rows.findIndex((row) => row.path === path);
  const chosenAt = indexOf(chosen);
  const reachedAt = indexOf(reached);
  const currentAt = reachedAt >= 0 ? reachedAt : Math.max(chosenAt, 0);
  const count = useCount(rows.length, Math.max(chosenAt, currentAt) + 1);
  // The same ones at every key but for those that it is about: of five hundred two are drawn anew.
  const plain = useMemo(() => rows.slice(0, count).map((row) => <Line key={row.path} row={row} />), [rows, count]);
  const lines = [...plain];
  for (const at of [chosenAt, currentAt]) {
    const row = rows[at];
    if (row) lines[at] = <Line key={row.path} row={row} isChosen={at === chosenAt} isReached={at === currentAt} />;
  }
  const go = (row: OutlineRow): void => {
    setReached(row.path);
    // A list of steps is chosen by the step that has it.
    onGo(row.kind === 'step' ? row.place : stepAround(definition, row.place));
  };
  const fold = (row: OutlineRow, isOpen: boolean): void => setByHand(new Map([...byHand, [row.path, isOpen]]));
  const focus = (row: OutlineRow | undefined): void => {
    if (!row) return;
    setReached(row.path);
    tree.current?.querySelector<HTMLElement>(`[data-outline="${CSS.escape(row.path)}"]`)?.focus();
  };
  const actionOf = (key: string, at: number): (() => void) | null => {
    const row = rows[at];
    if (!row) return null;
    const keys: Record<string, () => void> = {
      ArrowDown: () => focus(rows[at + 1]),
      ArrowUp: () => focus(rows[at - 1]),
      Home: () => focus(rows[0]),
      End: () => focus(rows.at(-1)),
      ArrowRight: () => (row.isOpen === false ? fold(row, true) : row.isOpen && focus(rows[at + 1])),
      ArrowLeft: () => (row.isOpen ? fold(row, false) : focus(rows.slice(0, at).findLast(({ level }) => level < row.level))),
      Enter: () => go(row),
      ' ': () => go(row),
    };
    return keys[key] ?? null;
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey || !(event.target instanceof HTMLElement)) return;
    const path = event.target.dataset.outline;
    const action = actionOf(event.key, indexOf(path));
    if (action === null) return;
    event.preventDefault();
    action();
  };
  const onClick = ({ target }: MouseEvent): void => {
    const row = target instanceof Element && rows[indexOf(target.closest<HTMLElement>('[data-outline]')?.dataset.outline)];
    if (!row) return;
    if (target.closest('.outline-fold')) fold(row, !row.isOpen);
    else go(row);
  };
  return (
    <div class="outline">
      <input
        ref={field}
        type="search"
        class="input"
        aria-label="Find a step"
        aria-keyshortcuts="/"
        placeholder="Find a step ( / )"
        value={search}
        onInput={(event) => setSearch(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown') {
            event.preventDefault();
            focus(rows[0]);
          }
          const first = rows.find((row) => row.kind === 'step' && row.isOpen === null) ?? rows[0];
          if (event.key === 'Enter' && first) go(first);
        }}
      />
      {/* Keys and clicks belong to the lines inside; this only hears them. */}
      <div ref={tree} role="tree" aria-label="Steps" tabIndex={-1} onKeyDown={onKeyDown} onClick={onClick}>
        {lines}
      </div>
      {rows.length === 0 && <p class="quiet">No step has “{search}” in it.</p>}
    </div>
  );
}

/** Returns how many lines are drawn: a screen of them and those that are `needed` at once, the rest a little at a time. */
function useCount(total: number, needed: number): number {
  const [count, setCount] = useState(LINES_AT_ONCE);
  useEffect(() => {
    if (count < total) whenIdle(() => setCount(count + LINES_AT_ONCE));
  }, [count, total]);
  return Math.max(count, needed);
}

interface LineProps {
  row: OutlineRow;
  isChosen?: boolean;
  isReached?: boolean;
}

function Line({ row, isChosen = false, isReached = false }: LineProps): VNode {
  const { kind, path, number, name, level, position, size, isOpen, problems } = row;
  return (
    <div
      role="treeitem"
      class={kind === 'list' ? 'outline-line outline-list' : 'outline-line'}
      data-outline={path}
      tabIndex={isReached ? 0 : -1}
      aria-level={level}
      aria-posinset={position}
      aria-setsize={size}
      aria-expanded={isOpen ?? undefined}
      aria-selected={isChosen}
    >
      <span class={isOpen === null ? 'outline-leaf' : 'outline-fold'} />
      <span class="outline-name">
        {number && <span class="quiet">{number}</span>} {name}
      </span>
      {problems > 0 && (
        <span class="outline-problem tone-bad">
          <Icon name="warning" size={12} />
          <span class="visually-hidden">{countWords(problems, 'problem')}</span>
        </span>
      )}
    </div>
  );
}

/** Scrolls nothing but the tree itself: the page stays where it is. */
function scrollInto(box: HTMLElement | null, line: HTMLElement): void {
  if (box === null) return;
  const [top, bottom] = [line.offsetTop, line.offsetTop + line.offsetHeight];
  if (top < box.scrollTop) box.scrollTop = top;
  else if (bottom > box.scrollTop + box.clientHeight) box.scrollTop = bottom - box.clientHeight;
}

function stepAround(definition: JsonObject, list: Place): Place {
  return placedSteps(definition).findLast(({ place }) => isWithin(list, place))?.place ?? list;
}
