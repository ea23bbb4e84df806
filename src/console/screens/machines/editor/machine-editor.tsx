import type { VNode } from 'preact';
import { LoadedDraft } from '../../../parts/drafts/loaded-draft.js';
import type { MachineDetail } from '../types.js';
import { MachineEditorPage } from './machine-editor-page.js';

/** One machine: as a drawing, in words, and, for who may, as forms. */
export function MachineEditor({ id }: { id: string }): VNode {
  return (
    <LoadedDraft<MachineDetail> kind="machines" id={id}>
      {(draft, catalog) => <MachineEditorPage key={id} draft={draft} catalog={catalog} />}
    </LoadedDraft>
  );
}
