import type { VNode } from 'preact';
import { useCatalog } from '../../api/me.js';
import { useDraft } from '../../parts/drafts/use-draft.js';
import { Page } from '../../ui/page.js';
import { ErrorPanel, Skeleton } from '../../ui/states.js';
import { EditorPage } from './editor-page.js';
import type { WorkflowDetail } from './types.js';

const BACK = { href: 'workflows', label: 'Workflows' };

/** One workflow: when it starts, if it runs, then what it does. */
export function Editor({ id }: { id: string }): VNode {
  const catalog = useCatalog();
  const { draft, error, retry } = useDraft<WorkflowDetail>('workflows', id);
  if (error !== null) {
    return (
      <Page title={error.status === 404 ? 'No such workflow' : 'Workflow'} back={BACK}>
        <ErrorPanel error={error.body} {...(error.status !== 404 && { retry })} />
      </Page>
    );
  }
  if (draft === null || catalog === null) {
    return (
      <Page title="Workflow" back={BACK}>
        <Skeleton what="the workflow" rows={8} />
      </Page>
    );
  }
  return <EditorPage key={id} draft={draft} catalog={catalog} />;
}
