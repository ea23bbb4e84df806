import './filter-bar.css';
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon } from './icon.js';
import { useSlash } from './slash.js';

/** What narrows a list, in a row above it. */
export function FilterBar({ label, children }: { label: string; children: ComponentChildren }): VNode {
  return (
    <search class="filter-bar" aria-label={label}>
      {children}
    </search>
  );
}

const PAUSE_MS = 250;

/** A field that searches while it is typed into, after each pause. `/` focuses it from anywhere on the page. */
export function SearchField({ label, value, onSearch }: { label: string; value: string; onSearch: (text: string) => void }): VNode {
  const [text, setText] = useState(value);
  const input = useRef<HTMLInputElement>(null);
  const asked = useRef(value);
  useEffect(() => {
    // What the address says counts, unless it is what was just typed.
    if (value === asked.current) return;
    asked.current = value;
    setText(value);
  }, [value]);
  useEffect(() => {
    if (text.trim() === asked.current) return;
    const timer = setTimeout(() => {
      asked.current = text.trim();
      onSearch(asked.current);
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  });
  useSlash(input);
  return (
    <span class="search-field">
      <Icon name="search" />
      <input
        ref={input}
        type="search"
        class="input"
        aria-label={label}
        placeholder={label}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
    </span>
  );
}

/** What a list is narrowed by, each with a button that drops it. */
export function Chips({ chips, onClear }: { chips: readonly { label: string; onDrop: () => void }[]; onClear?: () => void }): VNode | null {
  if (chips.length === 0) return null;
  return (
    <ul class="chips">
      {chips.map(({ label, onDrop }) => (
        <li key={label}>
          <button type="button" class="chip" aria-label={`Drop ${label}`} onClick={onDrop}>
            {label}
            <Icon name="cross" size={12} />
          </button>
        </li>
      ))}
      {onClear && chips.length > 1 && (
        <li>
          <button type="button" class="button button-quiet button-small" onClick={onClear}>
            Drop all
          </button>
        </li>
      )}
    </ul>
  );
}
