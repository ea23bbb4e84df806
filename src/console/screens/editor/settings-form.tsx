import type { VNode } from 'preact';
import { AboutDraft } from '../../parts/drafts/about-draft.js';
import type { Draft, DraftItem } from '../../parts/drafts/draft.js';
import { WholeAsJson } from '../../parts/drafts/whole-as-json.js';
import { useEditing } from '../../parts/forms/editing.js';
import { Fold } from '../../parts/forms/fold.js';
import { SchemaForm } from '../../parts/forms/schema-form.js';
import { Reentry } from './reentry.js';

/** What there is about the workflow as a whole: while no step is chosen. */
export function SettingsForm({ draft }: { draft: Draft<DraftItem> }): VNode {
  const { catalog, isReadOnly } = useEditing();
  return (
    <div class="form">
      <h2>The workflow</h2>
      <AboutDraft draft={draft} />
      <Fold summary="Settings" about={[['settings']]}>
        <Reentry />
        <SchemaForm schema={catalog.settings} place={['settings']} leaveOut={['reentry']} />
      </Fold>
      {!isReadOnly && <WholeAsJson />}
    </div>
  );
}
