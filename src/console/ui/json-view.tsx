import './json-view.css';
import type { VNode } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Json } from '../../core/json.js';
import { findLines, type JsonLine, jsonLines, LONGEST_TEXT, linePath, membersIn, openTo } from '../model/json-lines.js';
import { countWords, numberWords } from '../model/words.js';
import { Button, IconButton } from './button.js';
import { Icon } from './icon.js';
import { announce, toast, toastError } from './live.js';

/** So many lines are drawn at once, however many there are: a long list freezes nothing. */
const AT_ONCE = 200;

interface JsonViewProps {
  value: Json;
  /** What it is: `the record`. */
  label: string;
  /** What stands before the paths that are copied, so that they are what templates write: `steps.mail.output`. */
  root?: string;
}

/**
 * JSON as a tree that folds, with a line to choose whose path and value can be copied. Own work, because HTML folds only what is
 * drawn: `<details>` for each of 20,000 lines would be the whole list.
 */
export function JsonView({ value, label, root }: JsonViewProps): VNode {
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const [chosen, setChosen] = useState<string | null>(null);
  const [from, setFrom] = useState(0);
  const tree = useRef<HTMLDivElement>(null);
  // Keys take the focus along; what was searched for comes into sight, and the focus stays where one types.
  const moved = useRef<'focus' | 'sight' | null>(null);
  const lines = useMemo(() => jsonLines(value, toggled), [value, toggled]);
  const at = lines.findIndex(({ key }) => key === chosen);
  const line = lines[at] ?? null;
  const begin = from < lines.length ? from : 0;
  const shown = lines.slice(begin, begin + AT_ONCE);
  // Drawn once for as long as they stay: a key draws the line that it leaves and the one that it comes to.
  const plain = useMemo(() => shown.map((one) => <Line key={one.key} line={one} />), [lines, begin]);
  const rows = [...plain];
  if (line !== null && at >= begin && at < begin + AT_ONCE) rows[at - begin] = <Line key={line.key} line={line} isChosen isEntry />;
  // The way in by Tab: what was chosen last, else the first line.
  else if (shown[0]) rows[0] = <Line key={shown[0].key} line={shown[0]} isEntry />;
  const isLarge = lines.length > AT_ONCE || (membersIn(value) ?? 0) > AT_ONCE;

  // Before the next key: where the line that had the focus has gone from the page, that key would be nobody's.
  useLayoutEffect(() => {
    const line = tree.current?.querySelector<HTMLElement>('[aria-selected=true]');
    if (moved.current === 'focus') line?.focus();
    if (moved.current === 'sight') line?.scrollIntoView({ block: 'nearest' });
    moved.current = null;
  }, [chosen, begin]);

  const choose = (next: JsonLine | undefined, index: number): void => {
    if (!next) return;
    moved.current = 'focus';
    setChosen(next.key);
    if (index < begin || index >= begin + AT_ONCE) setFrom(index - (index % AT_ONCE));
  };
  const lineAt = (target: EventTarget | null): JsonLine | null => {
    const key = target instanceof Element ? target.closest<HTMLElement>('[data-line]')?.dataset.line : undefined;
    return shown.find((one) => one.key === key) ?? null;
  };
  const toggle = ({ key, isOpen }: JsonLine): void => {
    if (isOpen === null) return;
    const next = new Set(toggled);
    if (!next.delete(key)) next.add(key);
    setToggled(next);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey || at < 0 || line === null) return;
    const parent = line.parent;
    switch (event.key) {
      case 'ArrowDown':
        choose(lines[at + 1], at + 1);
        break;
      case 'ArrowUp':
        choose(lines[at - 1], at - 1);
        break;
      case 'ArrowRight':
        if (line.isOpen === false) toggle(line);
        else if (lines[at + 1]?.parent?.key === line.key) choose(lines[at + 1], at + 1);
        break;
      case 'ArrowLeft':
        if (line.isOpen) toggle(line);
        else if (parent) choose(parent, lines.indexOf(parent));
        break;
      case 'Home':
        choose(lines[0], 0);
        break;
      case 'End':
        choose(lines.at(-1), lines.length - 1);
        break;
      case 'Enter':
      case ' ':
        toggle(line);
        break;
      default:
        return;
    }
    event.preventDefault();
  };
  const page = (index: number): void => {
    moved.current = 'sight';
    setFrom(index);
    setChosen(lines[index]?.key ?? null);
  };
  const find = (text: string): void => {
    const found = nextOf(value, text, chosen);
    if (found === null) {
      announce(`“${text}” is nowhere in ${label}.`);
      return;
    }
    const next = openTo(found.line, toggled);
    const index = jsonLines(value, next).findIndex(({ key }) => key === found.line.key);
    moved.current = 'sight';
    setToggled(next);
    setChosen(found.line.key);
    setFrom(index - (index % AT_ONCE));
    announce(`${numberWords(found.place)} of ${numberWords(found.of)}: ${linePath(found.line)}`);
  };

  return (
    <div class="json">
      <div class="json-head">
        {isLarge && <Find label={label} onFind={find} />}
        {line === null ? (
          <span class="json-path">{countOf(value)}</span>
        ) : (
          <>
            <code class="json-path">{pathOf(line, root)}</code>
            <IconButton icon="link" label="Copy the path" onClick={() => void copy(pathOf(line, root))} />
            <IconButton icon="lines" label="Copy the value" onClick={() => void copy(textOf(line.value))} />
          </>
        )}
        <IconButton icon="copy" label={`Copy ${label}`} onClick={() => void copy(textOf(value))} />
      </div>
      <div
        ref={tree}
        role="tree"
        class="json-lines"
        aria-label={capital(label)}
        tabIndex={-1}
        onKeyDown={onKeyDown}
        onFocusIn={(event) => setChosen(lineAt(event.target)?.key ?? chosen)}
        onClick={(event) => {
          const clicked = lineAt(event.target);
          // Who marks a part of it wants to read, not to fold.
          if (clicked && getSelection()?.isCollapsed !== false) toggle(clicked);
        }}
      >
        {rows}
      </div>
      {lines.length > AT_ONCE && (
        <div class="json-foot">
          <span class="numbers">
            Lines {numberWords(begin + 1)}–{numberWords(begin + shown.length)} of {numberWords(lines.length)}
          </span>
          <Button small icon="up" blocked={begin === 0 ? 'These are the first' : null} onClick={() => page(Math.max(0, begin - AT_ONCE))}>
            Before
          </Button>
          <Button
            small
            icon="down"
            blocked={begin + AT_ONCE >= lines.length ? 'These are the last' : null}
            onClick={() => page(begin + AT_ONCE)}
          >
            Next
          </Button>
        </div>
      )}
    </div>
  );
}

/** Puts a text where it can be pasted from. */
export async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast('Copied.');
  } catch (error) {
    toastError('The browser does not let the page copy', error);
  }
}

interface LineProps {
  line: JsonLine;
  isChosen?: boolean;
  isEntry?: boolean;
}

function Line({ line, isChosen = false, isEntry = false }: LineProps): VNode {
  const { key, name, value, level, index, of, isOpen } = line;
  const count = typeof value === 'string' ? null : membersIn(value);
  return (
    <div
      role="treeitem"
      class="json-line"
      data-line={key}
      tabIndex={isEntry ? 0 : -1}
      aria-level={level}
      aria-posinset={index + 1}
      aria-setsize={of}
      aria-expanded={isOpen ?? undefined}
      aria-selected={isChosen}
    >
      <span class="json-arrow">{isOpen !== null && <Icon name={isOpen ? 'down' : 'right'} size={12} />}</span>
      <span>
        {name !== '' && <span class="json-name">{name}</span>}{' '}
        {count === null || count === 0 ? (
          <Leaf value={value} isWhole={isOpen !== false} />
        ) : (
          <span class="json-none">{countOf(value)}</span>
        )}
      </span>
    </div>
  );
}

function Leaf({ value, isWhole }: { value: Json; isWhole: boolean }): VNode {
  if (value === null) return <span class="json-none">null</span>;
  if (typeof value === 'object') return <span class="json-none">{Array.isArray(value) ? 'an empty list' : 'nothing'}</span>;
  if (typeof value !== 'string') return <span class="json-value">{String(value)}</span>;
  return (
    <>
      <span class="json-text">{isWhole ? value : value.slice(0, LONGEST_TEXT)}</span>
      {!isWhole && <span class="json-none"> … {countWords(value.length - LONGEST_TEXT, 'more character')}</span>}
    </>
  );
}

function Find({ label, onFind }: { label: string; onFind: (text: string) => void }): VNode {
  const [text, setText] = useState('');
  return (
    <input
      type="search"
      class="input json-find"
      aria-label={`Find in ${label}: Enter goes to the next`}
      placeholder="Find, then Enter"
      value={text}
      onInput={(event) => setText(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' || text.trim() === '') return;
        event.preventDefault();
        onFind(text.trim());
      }}
    />
  );
}

/** The next line behind the chosen one that holds the text, round at the end; and which of how many it is. */
function nextOf(value: Json, text: string, chosen: string | null): { line: JsonLine; place: number; of: number } | null {
  const all = [...findLines(value, text)];
  const behind = chosen === null ? 0 : all.findIndex(({ key }) => isBehind(key, chosen));
  const place = Math.max(0, behind);
  const line = all[place];
  return line ? { line, place: place + 1, of: all.length } : null;
}

/** In the order in which lines stand: part by part as numbers, what is around before what is in it. */
function isBehind(key: string, other: string): boolean {
  const [one, two] = [key, other].map((text) => text.split('/').map(Number));
  for (const [depth, part] of (one ?? []).entries()) {
    const beside = two?.[depth];
    if (beside === undefined) return true;
    if (part !== beside) return part > beside;
  }
  return false;
}

function pathOf(line: JsonLine, root: string | undefined): string {
  const path = linePath(line);
  return root === undefined ? path : `${root}.${path}`;
}

/** As one pastes it: a text without its quotes, all else as JSON. */
function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}

function countOf(value: Json): string {
  const count = membersIn(value);
  return count === null ? '' : countWords(count, Array.isArray(value) ? 'item' : 'member');
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
