import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { JsonObject } from '../../../core/json.js';
import { isObject } from '../../model/catalog.js';
import { readJson } from '../../model/json-text.js';
import { Button } from '../../ui/button.js';
import { Icon } from '../../ui/icon.js';
import { TextArea } from '../../ui/text-area.js';
import { useEditing } from '../forms/editing.js';

/** The definition as text; applied as one edit. */
export function WholeAsJson(): VNode {
  const { definition, change } = useEditing();
  const [text, setText] = useState<string | null>(null);
  const read = text === null ? null : readJson(text);
  const value = read !== null && 'value' in read ? read.value : undefined;
  const mistake = read === null || isObject(value) ? null : 'mistake' in read ? read.mistake : 'A definition is an object: { … }.';
  const apply = (): void => {
    change(() => value as JsonObject);
    setText(null);
  };
  return (
    <details class="fold" onToggle={(event) => !event.currentTarget.open && setText(null)}>
      <summary>
        <Icon name="right" size={12} />
        As JSON
      </summary>
      <div class="form">
        <TextArea
          label="Definition"
          problem={mistake}
          isCode
          rows={14}
          value={text ?? JSON.stringify(definition, null, 2)}
          onChange={setText}
        />
        <span>
          <Button
            blocked={text === null ? 'Nothing is changed here yet' : mistake === null ? null : 'This is no definition yet'}
            onClick={apply}
          >
            Apply
          </Button>
        </span>
      </div>
    </details>
  );
}
