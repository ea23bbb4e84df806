import type { VNode } from 'preact';
import { useMay } from '../../api/me.js';
import { forget } from '../../api/query.js';
import { type Catalog, isObject } from '../../model/catalog.js';
import { diffDefinitions } from '../../model/definition-diff.js';
import { hrefOf } from '../../model/route.js';
import { DiffView } from '../../parts/diff/diff-view.js';
import type { Draft } from '../../parts/drafts/draft.js';
import { DraftPage } from '../../parts/drafts/draft-page.js';
import { LoadedDraft } from '../../parts/drafts/loaded-draft.js';
import { useOpenDraft } from '../../parts/drafts/use-open-draft.js';
import { navigate } from '../../ui/location.js';
import { Status } from '../../ui/status.js';
import { useStore } from '../../ui/store.js';
import { PublishDialog } from '../editor/publish-dialog.js';
import { WorkflowTabs } from '../editor/tabs.js';
import type { WorkflowDetail } from '../editor/types.js';
import { WorkflowMarks } from '../workflows/workflow-marks.js';
import { ContextPanel } from './context-panel.js';
import { DangerZone } from './danger-zone.js';
import { SettingsFields } from './settings-fields.js';
import { Timing } from './timing.js';
import { TriggerUrl } from './trigger-url.js';

/** What holds for a workflow as a whole: how its runs go, how it is reached, what it remembers, and its end. */
export function SettingsTab({ id }: { id: string }): VNode {
  return (
    <LoadedDraft<WorkflowDetail> kind="workflows" id={id}>
      {(draft, catalog) => <Settings key={id} draft={draft} catalog={catalog} />}
    </LoadedDraft>
  );
}

function Settings({ draft, catalog }: { draft: Draft<WorkflowDetail>; catalog: Catalog }): VNode {
  const { item: workflow } = useStore(draft.state);
  const { id, module, status } = workflow;
  const opened = useOpenDraft(draft, { catalog, module });
  const mayManage = useMay('manage');
  const isReadOnly = opened.readOnly !== null;
  const toEditor = (): void => navigate(hrefOf(`workflows/${id}`));
  /** What another page has changed of it. */
  const refreshed = (next: WorkflowDetail): void => {
    draft.refreshed(next);
    void forget('workflows');
  };
  return (
    <DraftPage
      opened={opened}
      marks={
        <>
          <Status status={status} />
          <WorkflowMarks workflow={workflow} />
        </>
      }
      tabs={<WorkflowTabs id={id} current="settings" />}
      placeWords={(path) => (isSetting(path) ? 'Settings' : null)}
      onShow={(path) => (isSetting(path) ? opened.focusOn(path) : toEditor())}
      drawDiff={(from, to) => <DiffView diff={diffDefinitions(from, to)} catalog={catalog} module={module} />}
      drawPublish={(ends) => <PublishDialog workflow={workflow} catalog={catalog} onProblem={toEditor} {...ends} />}
    >
      <div class="settings">
        <div class="settings-column">
          <SettingsFields />
        </div>
        <div class="settings-column">
          {isStartedBy('webhook', workflow) && <TriggerUrl workflow={workflow} isReadOnly={isReadOnly} />}
          {(isStartedBy('schedule', workflow) || isStartedBy('date', workflow)) && <Timing workflow={workflow} />}
          <ContextPanel id={workflow.id} isReadOnly={isReadOnly} />
        </div>
      </div>
      {mayManage && <DangerZone workflow={workflow} onChanged={refreshed} />}
    </DraftPage>
  );
}

function isSetting(path: string): boolean {
  return /^settings\b/.test(path);
}

/** True where the draft, or what is published, is started in this way. */
function isStartedBy(type: string, { definition, trigger }: WorkflowDetail): boolean {
  return [definition.trigger, trigger].some((one) => isObject(one) && one.type === type);
}
