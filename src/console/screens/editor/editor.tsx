import type { VNode } from 'preact';
import { LoadedDraft } from '../../parts/drafts/loaded-draft.js';
import { EditorPage } from './editor-page.js';
import type { WorkflowDetail } from './types.js';

/** One workflow: when it starts, if it runs, then what it does. */
export function Editor({ id }: { id: string }): VNode {
  return (
    <LoadedDraft<WorkflowDetail> kind="workflows" id={id}>
      {(draft, catalog) => <EditorPage key={id} draft={draft} catalog={catalog} />}
    </LoadedDraft>
  );
}
