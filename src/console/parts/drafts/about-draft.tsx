import type { VNode } from 'preact';
import { TextArea } from '../../ui/text-area.js';
import { useEditing } from '../forms/editing.js';
import type { Draft, DraftItem } from './draft.js';

/** What a workflow or a machine is for, in the words of who has made it. */
export function AboutDraft({ draft }: { draft: Draft<DraftItem> }): VNode {
  const { isReadOnly } = useEditing();
  const { description } = draft.document;
  if (isReadOnly) return <p class="read-only">{description ?? <span class="quiet">No description</span>}</p>;
  return (
    <TextArea
      label="Description (optional)"
      maxLength={2000}
      placeholder="What it is for"
      value={description ?? ''}
      onChange={(text) => draft.edit((now) => ({ ...now, description: text || null }), 'description')}
    />
  );
}
