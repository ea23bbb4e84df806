import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { isObject } from '../../model/catalog.js';
import { isSameJson } from '../../model/json-path.js';
import { readJson } from '../../model/json-text.js';
import { TextArea } from '../../ui/text-area.js';
import { useEditing } from '../forms/editing.js';
import { Fold } from '../forms/fold.js';

export function WholeAsJson(): VNode {
  const [isOpen, setOpen] = useState(false);
  return (
    <Fold summary="As JSON" onToggle={setOpen}>
      {isOpen && <WholeText />}
    </Fold>
  );
}

/** The definition as text; applied as one edit, once it is left, and dropped when it is folded. */
function WholeText(): VNode {
  const { definition, change } = useEditing();
  const [text, setText] = useState<string | null>(null);
  const read = text === null ? null : readJson(text);
  const value = read !== null && 'value' in read ? read.value : undefined;
  const mistake = read === null || isObject(value) ? null : 'mistake' in read ? read.mistake : 'A definition is an object: { … }.';
  const apply = (): void => {
    if (!isObject(value)) return;
    setText(null);
    if (!isSameJson(value, definition)) change(() => value);
  };
  return (
    <TextArea
      label="Definition"
      problem={mistake}
      hint="It counts once you leave it, or with Ctrl+S."
      isCode
      rows={14}
      data-unread={mistake !== null || undefined}
      value={text ?? JSON.stringify(definition, null, 2)}
      onChange={setText}
      onBlur={apply}
    />
  );
}
