import './combobox.css';
import type { VNode } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { Icon } from './icon.js';
import { placeBelow } from './menu.js';

/** Something to choose. */
export interface ComboboxOption {
  value: string;
  label: string;
  /** Beside it: a type, a module. */
  hint?: string;
}

interface ComboboxProps {
  /** Its name, where no label stands before it. */
  label?: string;
  id?: string;
  value: string;
  options: readonly ComboboxOption[];
  onChange: (value: string) => void;
  placeholder?: string;
  /** True: a text that is no option is a value, too. */
  free?: boolean;
  /** Told what is typed, where the options are looked up. */
  onType?: (text: string) => void;
  'aria-describedby'?: string | undefined;
  'aria-invalid'?: true | undefined;
  'data-path'?: string;
}

const MOST_SHOWN = 100;

/** A field that finds one of many while it is typed into: arrows, Enter, Escape. HTML has none that shows more than a word each. */
export function Combobox({ label, id, value, options, onChange, placeholder, free = false, onType, ...rest }: ComboboxProps): VNode {
  const listId = useId();
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  // What is being typed; null while nobody is typing.
  const [text, setText] = useState<string | null>(null);
  const [active, setActive] = useState(0);
  const [isOpen, setOpen] = useState(false);
  const shown = options.find((option) => option.value === value)?.label ?? value;
  const found = matching(options, text ?? '').slice(0, MOST_SHOWN);

  useEffect(() => {
    const popover = list.current;
    if (!popover || !input.current) return;
    if (isOpen && !popover.matches(':popover-open')) {
      popover.showPopover({ source: input.current } as never);
      placeBelow(popover, input.current);
    }
    if (!isOpen && popover.matches(':popover-open')) popover.hidePopover();
  }, [isOpen]);
  useEffect(() => {
    if (isOpen) list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' });
  }, [active, isOpen]);

  const open = (): void => {
    if (isOpen) return;
    setActive(
      Math.max(
        0,
        found.findIndex((option) => option.value === value),
      ),
    );
    setOpen(true);
  };
  const choose = (chosen: string): void => {
    setText(null);
    setOpen(false);
    if (chosen !== value) onChange(chosen);
  };
  const leave = (): void => {
    setOpen(false);
    if (text === null) return;
    const typed = text.trim();
    const same = options.find((option) => [option.value, option.label].some((name) => name.toLowerCase() === typed.toLowerCase()));
    if (same) choose(same.value);
    else if (free || typed === '') choose(typed);
    else setText(null);
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (!isOpen) open();
      else setActive((at) => (at + (event.key === 'ArrowDown' ? 1 : -1) + found.length) % Math.max(1, found.length));
    } else if (event.key === 'Enter' && isOpen) {
      event.preventDefault();
      const option = found[active];
      if (option && !(free && text !== null && text.trim() !== '' && found.length === 0)) choose(option.value);
      else leave();
    } else if (event.key === 'Escape' && isOpen) {
      // Only the list closes, not what is around it.
      event.preventDefault();
      event.stopPropagation();
      setText(null);
      setOpen(false);
    }
  };

  return (
    <span class="combobox">
      <input
        {...rest}
        ref={input}
        id={id}
        type="text"
        class="input"
        role="combobox"
        autocomplete="off"
        spellcheck={false}
        aria-label={label}
        aria-autocomplete="list"
        aria-expanded={isOpen}
        aria-controls={listId}
        aria-activedescendant={isOpen && found[active] ? `${listId}-${active}` : undefined}
        placeholder={placeholder}
        value={text ?? shown}
        onInput={(event) => {
          setText(event.currentTarget.value);
          onType?.(event.currentTarget.value);
          setActive(0);
          setOpen(true);
        }}
        onClick={open}
        // What is typed takes the place of what is there.
        onFocus={(event) => event.currentTarget.select()}
        onBlur={leave}
        onKeyDown={onKeyDown}
      />
      <Icon name="down" size={12} />
      <div ref={list} id={listId} role="listbox" popover="manual" class="combobox-list" tabIndex={-1} aria-label={label ?? 'Choices'}>
        {isOpen &&
          found.map((option, index) => (
            <div
              key={option.value}
              id={`${listId}-${index}`}
              role="option"
              tabIndex={-1}
              class="combobox-option"
              aria-selected={index === active}
              // The field keeps the focus.
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => choose(option.value)}
              onKeyDown={() => undefined}
            >
              <span>{option.label}</span>
              {option.hint && <span class="combobox-hint">{option.hint}</span>}
            </div>
          ))}
        {isOpen && found.length === 0 && (
          <div class="combobox-none">{free ? 'Nothing known by this name; it is taken as it is.' : 'Nothing found.'}</div>
        )}
      </div>
    </span>
  );
}

/** Every word of the text is somewhere in the option; those that begin with it first. */
function matching(options: readonly ComboboxOption[], text: string): readonly ComboboxOption[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return options;
  const found = options.filter(({ label, value, hint = '' }) => {
    const all = `${label} ${value} ${hint}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
  const isFirst = ({ label }: ComboboxOption): boolean => label.toLowerCase().startsWith(words[0] as string);
  return [...found.filter(isFirst), ...found.filter((option) => !isFirst(option))];
}
