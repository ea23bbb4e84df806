import type { ComponentChildren, VNode } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { clockTime } from '../../model/time.js';
import { IconButton } from '../../ui/button.js';
import { Icon } from '../../ui/icon.js';
import { useZone } from '../../ui/time.js';
import { DRAFT_WORDS, type Draft, type DraftItem, type DraftState } from './draft.js';

interface DraftHeadProps<Item extends DraftItem> {
  draft: Draft<Item>;
  state: DraftState<Item>;
  isReadOnly: boolean;
  /** Its status, beside whether it is saved. */
  marks: ComponentChildren;
  /** Behind undo and redo. */
  actions: ComponentChildren;
}

/** The head of a draft's page: its name, edited in place, how it stands, whether it is saved, undo and redo. */
export function DraftHead<Item extends DraftItem>({ draft, state, isReadOnly, marks, actions }: DraftHeadProps<Item>): VNode {
  const { what, label } = DRAFT_WORDS[draft.kind];
  const { past, present, future } = state.history;
  return (
    <header class="page-head">
      <div class="page-titles">
        <a class="page-back" href={draft.kind}>
          <Icon name="left" size={12} />
          {label}
        </a>
        <Name
          name={present.name}
          what={what}
          isReadOnly={isReadOnly}
          onChange={(name) => draft.edit((now) => ({ ...now, name }), 'name')}
        />
        <div class="draft-state">
          {marks}
          {!isReadOnly && <SavedWords saving={state.saving} />}
        </div>
      </div>
      <div class="page-actions">
        {!isReadOnly && (
          <>
            <IconButton icon="undo" label="Undo (Ctrl+Z)" aria-disabled={past.length === 0 || undefined} onClick={() => draft.undo()} />
            <IconButton
              icon="redo"
              label="Redo (Ctrl+Shift+Z)"
              aria-disabled={future.length === 0 || undefined}
              onClick={() => draft.redo()}
            />
          </>
        )}
        {actions}
      </div>
    </header>
  );
}

interface NameProps {
  name: string;
  what: string;
  isReadOnly: boolean;
  onChange: (name: string) => void;
}

function Name({ name, what, isReadOnly, onChange }: NameProps): VNode {
  const [isNaming, setNaming] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const isNamed = useRef(false);
  // Before the next key: it belongs into the name, or to where whoever has named it goes on from.
  useLayoutEffect(() => {
    if (isNaming) input.current?.select();
    else if (isNamed.current) box.current?.querySelector('button')?.focus();
    isNamed.current = false;
  }, [isNaming]);
  if (!isNaming) {
    return (
      <div class="draft-name" ref={box}>
        <h1>{name}</h1>
        {!isReadOnly && <IconButton icon="pencil" label={`Rename the ${what}`} onClick={() => setNaming(true)} />}
      </div>
    );
  }
  return (
    <div class="draft-name" ref={box}>
      <h1 class="visually-hidden">{name}</h1>
      <input
        ref={input}
        type="text"
        class="input"
        aria-label={`Name of the ${what}`}
        maxLength={200}
        value={name}
        onInput={(event) => {
          const text = event.currentTarget.value;
          if (text.trim() !== '') onChange(text);
        }}
        // Ctrl+S leaves it for a moment, so that what is typed counts.
        onBlur={() => requestAnimationFrame(() => document.activeElement !== input.current && setNaming(false))}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' && event.key !== 'Escape') return;
          // The same key must not press the button that it goes to.
          event.preventDefault();
          isNamed.current = true;
          setNaming(false);
        }}
      />
    </div>
  );
}

/** Saved means saved. */
function SavedWords({ saving }: Pick<DraftState<DraftItem>, 'saving'>): VNode {
  const zone = useZone();
  switch (saving.kind) {
    case 'saved':
      return (
        <span class="draft-saved quiet">
          <Icon name="check" size={12} />
          {saving.at === null ? 'Saved' : `Saved ${clockTime(saving.at, zone)}`}
        </span>
      );
    case 'failed':
      return (
        <span class="draft-saved tone-bad">
          <Icon name="warning" size={12} />
          {saving.error.status === 0 ? 'Not saved: offline' : 'Not saved'}
        </span>
      );
    case 'conflict':
      return (
        <span class="draft-saved tone-warn">
          <Icon name="warning" size={12} />
          Not saved: somebody else has saved
        </span>
      );
    default:
      return <span class="draft-saved quiet">Saving …</span>;
  }
}
