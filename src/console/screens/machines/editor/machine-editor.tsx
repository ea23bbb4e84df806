import type { VNode } from 'preact';
import { useCatalog } from '../../../api/me.js';
import { useDraft } from '../../../parts/drafts/use-draft.js';
import { Page } from '../../../ui/page.js';
import { EmptyState, ErrorPanel, Skeleton } from '../../../ui/states.js';
import { MACHINES } from '../back.js';
import type { MachineDetail } from '../types.js';
import { MachineEditorPage } from './machine-editor-page.js';

/** One machine: as a drawing, in words, and, for who may, as forms. */
export function MachineEditor({ id }: { id: string }): VNode {
  const catalog = useCatalog();
  const { draft, error, retry } = useDraft<MachineDetail>('machines', id);
  if (error?.status === 404) {
    return (
      <Page title="No such state machine" back={MACHINES}>
        <EmptyState icon="question" title="There is no state machine of this id in this workspace" />
      </Page>
    );
  }
  if (error !== null || draft === null || catalog === null) {
    return (
      <Page title="State machine" back={MACHINES}>
        {error ? <ErrorPanel error={error.body} retry={retry} /> : <Skeleton what="the state machine" rows={8} />}
      </Page>
    );
  }
  return <MachineEditorPage key={id} draft={draft} catalog={catalog} />;
}
