import type { VNode } from 'preact';
import { useMemo, useReducer, useRef, useState } from 'preact/hooks';
import type { Json, JsonObject } from '../../../core/json.js';
import { useCatalog, useMay } from '../../api/me.js';
import { forget } from '../../api/query.js';
import { type Catalog, isObject } from '../../model/catalog.js';
import { diffDefinitions } from '../../model/definition-diff.js';
import { formatPlace, type Place, setAt } from '../../model/json-path.js';
import { hrefOf } from '../../model/route.js';
import { DiffView } from '../../parts/diff/diff-view.js';
import type { Draft } from '../../parts/drafts/draft.js';
import { DraftPage } from '../../parts/drafts/draft-page.js';
import { useFocusOn } from '../../parts/drafts/focus-control.js';
import { useDraft } from '../../parts/drafts/use-draft.js';
import { type Editing, EditingContext } from '../../parts/forms/editing.js';
import { Button } from '../../ui/button.js';
import { navigate } from '../../ui/location.js';
import { Page } from '../../ui/page.js';
import { ErrorPanel, Skeleton } from '../../ui/states.js';
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

const BACK = { href: 'workflows', label: 'Workflows' };

/** What holds for a workflow as a whole: how its runs go, how it is reached, what it remembers, and its end. */
export function SettingsTab({ id }: { id: string }): VNode {
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
        <Skeleton what="the settings" rows={8} />
      </Page>
    );
  }
  return <Settings key={id} draft={draft} catalog={catalog} />;
}

function Settings({ draft, catalog }: { draft: Draft<WorkflowDetail>; catalog: Catalog }): VNode {
  const { item: workflow, history } = useStore(draft.state);
  const { definition } = history.present;
  const mayManage = useMay('manage');
  const isReadOnly = !mayManage || workflow.status === 'archived';
  const [isPublishing, setPublishing] = useState(false);
  const page = useRef<HTMLDivElement>(null);
  const focusOn = useFocusOn(page, isPublishing);
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const editing = useMemo<Editing>(
    () => ({
      definition,
      catalog,
      module: workflow.module,
      problems: workflow.problems,
      subject: null,
      subjectTitle: null,
      isReadOnly,
      set: (place: Place, value: Json | undefined) =>
        draft.editDefinition((now) => setAt(now, place, value) as JsonObject, formatPlace(place)),
      change: (change: (now: JsonObject) => JsonObject) => draft.editDefinition(change),
    }),
    [definition, catalog, workflow, isReadOnly, draft],
  );
  const publish = async (): Promise<void> => {
    // What is published is what is stored.
    if (await draft.save()) setPublishing(true);
  };
  /** What another page has changed of it. */
  const refreshed = (next: WorkflowDetail): void => {
    draft.refreshed(next);
    void forget('workflows');
  };
  return (
    <EditingContext.Provider value={editing}>
      <DraftPage
        draft={draft}
        page={page}
        what="workflow"
        back={BACK}
        isReadOnly={isReadOnly}
        marks={
          <>
            <Status status={workflow.status} />
            <WorkflowMarks workflow={workflow} />
          </>
        }
        actions={
          !isReadOnly && (
            <Button kind="primary" icon="check" onClick={() => void publish()}>
              Publish …
            </Button>
          )
        }
        tabs={<WorkflowTabs id={workflow.id} current="settings" />}
        placeWords={(path) => (isSetting(path) ? 'Settings' : null)}
        onShow={(path) => {
          if (!isSetting(path)) {
            navigate(hrefOf(`workflows/${workflow.id}`));
            return;
          }
          focusOn(path);
          redraw(undefined);
        }}
        drawDiff={(from, to) => <DiffView diff={diffDefinitions(from, to)} catalog={catalog} module={workflow.module} />}
        onHelp={() => undefined}
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
        {isPublishing && (
          <PublishDialog
            workflow={workflow}
            catalog={catalog}
            onProblem={() => navigate(hrefOf(`workflows/${workflow.id}`))}
            onPublished={(published) => {
              refreshed(published);
              setPublishing(false);
            }}
            onClose={() => setPublishing(false)}
          />
        )}
      </DraftPage>
    </EditingContext.Provider>
  );
}

function isSetting(path: string): boolean {
  return /^settings\b/.test(path);
}

/** True where the draft, or what is published, is started in this way. */
function isStartedBy(type: string, { definition, trigger }: WorkflowDetail): boolean {
  return [definition.trigger, trigger].some((one) => isObject(one) && one.type === type);
}
