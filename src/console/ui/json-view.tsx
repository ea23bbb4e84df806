import './json-view.css';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Json } from '../../core/json.js';
import { countWords } from '../model/words.js';
import { IconButton } from './button.js';
import { toast, toastError } from './live.js';

/** So many members are drawn at once; the rest on demand, so that a long list freezes nothing. */
const AT_ONCE = 100;
const LONGEST = 500;

/** JSON as a tree that folds. What is folded is not drawn. */
export function JsonView({ value, label }: { value: Json; label: string }): VNode {
  return (
    <div class="json">
      <span class="json-copy">
        <IconButton icon="copy" label={`Copy ${label}`} onClick={() => void copy(JSON.stringify(value, null, 2))} />
      </span>
      {isComposed(value) ? <Members value={value} depth={0} /> : <Leaf value={value} />}
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

function Members({ value, depth }: { value: Json[] | { [key: string]: Json }; depth: number }): VNode {
  const [shown, setShown] = useState(AT_ONCE);
  const names = Array.isArray(value) ? [...value.keys()].map(String) : Object.keys(value);
  if (names.length === 0) return <span class="json-none">{Array.isArray(value) ? 'an empty list' : 'nothing'}</span>;
  return (
    <ul class="json-members">
      {names.slice(0, shown).map((name) => (
        <li key={name}>
          <Member name={name} value={(value as { [key: string]: Json })[name] ?? null} depth={depth} />
        </li>
      ))}
      {names.length > shown && (
        <li>
          <button type="button" class="button button-quiet button-small" onClick={() => setShown(shown + 10 * AT_ONCE)}>
            {countWords(names.length - shown, 'more', 'more')} …
          </button>
        </li>
      )}
    </ul>
  );
}

function Member({ name, value, depth }: { name: string; value: Json; depth: number }): VNode {
  const isLarge = isComposed(value) && Object.keys(value).length > 20;
  const [isOpen, setOpen] = useState(depth < 2 && !isLarge);
  if (!isComposed(value) || Object.keys(value).length === 0) {
    return (
      <>
        <span class="json-name">{name}</span> <Leaf value={value} />
      </>
    );
  }
  return (
    <details open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span class="json-name">{name}</span>{' '}
        <span class="json-none">{countWords(Object.keys(value).length, Array.isArray(value) ? 'item' : 'member')}</span>
      </summary>
      {isOpen && <Members value={value} depth={depth + 1} />}
    </details>
  );
}

function Leaf({ value }: { value: Json }): VNode {
  const [isWhole, setWhole] = useState(false);
  if (value === null) return <span class="json-none">null</span>;
  if (typeof value !== 'string')
    return <span class="json-value">{isComposed(value) ? (Array.isArray(value) ? '[]' : '{}') : String(value)}</span>;
  const isLong = value.length > LONGEST && !isWhole;
  return (
    <>
      <span class="json-text">{isLong ? value.slice(0, LONGEST) : value}</span>
      {isLong && (
        <button type="button" class="button button-quiet button-small" onClick={() => setWhole(true)}>
          {countWords(value.length - LONGEST, 'more character')} …
        </button>
      )}
    </>
  );
}

function isComposed(value: Json): value is Json[] | { [key: string]: Json } {
  return typeof value === 'object' && value !== null;
}
