import './editor.css';
import type { VNode } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Json, JsonObject } from '../../../core/json.js';
import { useMay } from '../../api/me.js';
import { type Catalog, isObject } from '../../model/catalog.js';
import { diffDefinitions } from '../../model/definition-diff.js';
import { stepWords, triggerWords } from '../../model/definition-words.js';
import { formatPlace, type Place, parsePlace, setAt } from '../../model/json-path.js';
import { isAt } from '../../model/outline.js';
import { changedQuery, hrefOf } from '../../model/route.js';
import { placedSteps } from '../../model/step-tree.js';
import { countWords } from '../../model/words.js';
import { ConditionEditor } from '../../parts/conditions/condition-editor.js';
import { DiffView } from '../../parts/diff/diff-view.js';
import type { Draft } from '../../parts/drafts/draft.js';
import { DraftPage } from '../../parts/drafts/draft-page.js';
import { useFocusOn } from '../../parts/drafts/focus-control.js';
import { FlowEditor } from '../../parts/flow/flow-editor.js';
import { StepInspector } from '../../parts/flow/inspector.js';
import { Keys } from '../../parts/flow/keys.js';
import { Outline } from '../../parts/flow/outline.js';
import { type Editing, EditingContext } from '../../parts/forms/editing.js';
import { Button } from '../../ui/button.js';
import { Icon } from '../../ui/icon.js';
import { navigate, usePlace } from '../../ui/location.js';
import { Mark, Status } from '../../ui/status.js';
import { useStore } from '../../ui/store.js';
import { useEditFrom } from './edit-from.js';
import { Part } from './part.js';
import { Answer, type PreviewRecord, RecordPicker, useExplanation } from './preview.js';
import { PublishDialog } from './publish-dialog.js';
import { SettingsForm } from './settings-form.js';
import { WorkflowTabs } from './tabs.js';
import { TestDialog } from './test/test-dialog.js';
import type { WorkflowDetail } from './types.js';
import { useChosenStep } from './use-chosen-step.js';
import { WhenForm } from './when.js';

/** From so many steps on there is an outline. */
const STEPS_TO_OUTLINE = 12;
/** Where it stands beside the steps; else it is folded above them. */
const WIDE = '(min-width: 1400px)';

interface EditorPageProps {
  draft: Draft<WorkflowDetail>;
  catalog: Catalog;
}

/** The three parts of a workflow, and beside them the form of what is chosen. */
export function EditorPage({ draft, catalog }: EditorPageProps): VNode {
  const { item: workflow, history } = useStore(draft.state);
  const { problems } = workflow;
  const { definition } = history.present;
  const isReadOnly = !useMay('manage') || workflow.status === 'archived';
  useEditFrom(draft, isReadOnly);
  const module = moduleIn(definition);
  const [record, setRecord] = useState<PreviewRecord | null>(null);
  const { query, segments } = usePlace();
  // A link from a run opens the test with what the run began with.
  const [dialog, setDialog] = useState<'publish' | 'test' | 'keys' | null>(query.has('test') ? 'test' : null);
  const page = useRef<HTMLDivElement>(null);
  const side = useRef<HTMLElement>(null);
  const { place: chosen, id: chosenId, choose } = useChosenStep(definition);
  const chosenPath = chosen === null ? null : formatPlace(chosen);
  const focusOn = useFocusOn(page, dialog !== null);
  const [isWide] = useState(() => matchMedia(WIDE).matches);
  // The record of the preview belongs to the module.
  useEffect(() => setRecord(null), [module]);

  const editing = useMemo<Editing>(
    () => ({
      definition,
      catalog,
      module,
      problems,
      subject: record === null ? null : { recordId: record.id },
      subjectTitle: record?.title ?? null,
      isReadOnly,
      set: (place: Place, value: Json | undefined) =>
        draft.editDefinition((now) => setAt(now, place, value) as JsonObject, formatPlace(place)),
      change: (change: (now: JsonObject) => JsonObject) => draft.editDefinition(change),
    }),
    [definition, catalog, module, problems, record, isReadOnly, draft],
  );
  const { explanation, error } = useExplanation(module, definition.conditions, record, catalog);

  const steps = useMemo(() => placedSteps(definition), [definition]);
  const stepAround = (path: string) => steps.findLast((step) => isAt(path, step.path));
  /** Brings a place of the definition into view, its step chosen, and the focus into its control. */
  const show = (path: string): void => {
    const around = stepAround(path);
    if (around) choose(around.place);
    focusOn(path);
    setDialog(null);
  };
  const placeWords = (path: string): string | null => {
    const found = stepAround(path);
    if (found) return `${found.number} ${stepWords(found.step, catalog)}`;
    return PART_WORDS[String(parsePlace(path)[0])] ?? null;
  };

  const hasOutline = steps.length >= STEPS_TO_OUTLINE;
  /** Chooses a step and shows its card. */
  const go = (place: Place): void => {
    choose(place);
    focusOn(formatPlace(place));
  };

  const enterInspector = (): void => {
    side.current?.querySelector<HTMLElement>('input, select, textarea')?.focus();
  };
  const leaveInspector = (): void => {
    if (chosenPath !== null) page.current?.querySelector<HTMLElement>(`[data-step="${CSS.escape(chosenPath)}"]`)?.focus();
    choose(null);
  };
  /** What is tested and published is what is stored. */
  const open = async (which: 'publish' | 'test'): Promise<void> => {
    if (isReadOnly || (await draft.save())) setDialog(which);
  };

  // Not drawn anew for every step that is chosen.
  const before = useMemo(
    () => (
      <>
        <Part number={1} title="When" sentence={triggerWords(definition.trigger, catalog)}>
          {isReadOnly ? null : <WhenForm />}
        </Part>
        <Part number={2} title="If" sentence="Which records it is for">
          {module !== null && (
            <div class="preview">
              <div class="preview-picker">
                <span class="quiet">Checked against</span>
                <RecordPicker key={module} module={module} record={record} onPick={setRecord} />
              </div>
              <Answer explanation={explanation} error={error} module={module} catalog={catalog} />
            </div>
          )}
          <ConditionEditor place={['conditions']} explanation={explanation} label="Conditions" />
        </Part>
      </>
    ),
    [editing, explanation, error, record],
  );

  return (
    <EditingContext.Provider value={editing}>
      <DraftPage
        draft={draft}
        page={page}
        what="workflow"
        back={{ href: 'workflows', label: 'Workflows' }}
        isReadOnly={isReadOnly}
        marks={<WorkflowMarks workflow={workflow} isReadOnly={isReadOnly} />}
        actions={
          <>
            <Button
              icon="play"
              blocked={problems.length > 0 ? 'The problems have to be mended first' : null}
              onClick={() => void open('test')}
            >
              Test
            </Button>
            {!isReadOnly && (
              <Button kind="primary" icon="check" onClick={() => void open('publish')}>
                Publish …
              </Button>
            )}
          </>
        }
        tabs={<WorkflowTabs id={workflow.id} current="editor" />}
        placeWords={placeWords}
        onShow={show}
        drawDiff={(from, to) => <DiffView diff={diffDefinitions(from, to)} catalog={catalog} module={module} />}
        onHelp={() => setDialog('keys')}
      >
        <div class={`editor${hasOutline ? ' editor-outlined' : ''}`}>
          {hasOutline && (
            <details class="editor-outline" open={isWide}>
              <summary>
                <Icon name="right" size={12} />
                <h2>Steps</h2> <span class="quiet">{steps.length}</span>
              </summary>
              <Outline definition={definition} catalog={catalog} problems={problems} chosen={chosenPath} onGo={go} />
            </details>
          )}
          <div class="editor-parts">
            {before}
            <Part number={3} title="Then" sentence={countWords(steps.length, 'step')} isFlow>
              <FlowEditor
                chosen={chosenPath}
                onChoose={choose}
                onEnter={enterInspector}
                onUndo={() => draft.undo()}
                onHelp={() => setDialog('keys')}
              />
            </Part>
          </div>
          <aside
            ref={side}
            class={`editor-side${chosen === null ? ' editor-side-idle' : ''}`}
            aria-label={chosen === null ? 'The workflow' : 'The chosen step'}
          >
            {chosen === null ? (
              <SettingsForm draft={draft} document={history.present} />
            ) : (
              <StepInspector key={chosenId ?? chosenPath} place={chosen} onClose={leaveInspector} />
            )}
          </aside>
        </div>
        {dialog === 'publish' && (
          <PublishDialog
            workflow={workflow}
            catalog={catalog}
            onProblem={show}
            onPublished={(published) => {
              draft.refreshed(published);
              setDialog(null);
            }}
            onClose={() => setDialog(null)}
          />
        )}
        {dialog === 'test' && (
          <TestDialog
            workflowId={workflow.id}
            definition={definition}
            module={module}
            catalog={catalog}
            record={record}
            begin={query.get('test')}
            onClose={() => {
              setDialog(null);
              navigate(hrefOf(segments.join('/'), changedQuery(query, { test: null })), { replace: true });
            }}
          />
        )}
        {dialog === 'keys' && <Keys onClose={() => setDialog(null)} />}
      </DraftPage>
    </EditingContext.Provider>
  );
}

const PART_WORDS: Readonly<Record<string, string>> = { trigger: 'When', conditions: 'If' };

function WorkflowMarks({ workflow, isReadOnly }: { workflow: WorkflowDetail; isReadOnly: boolean }): VNode {
  const { status, version, hasUnpublishedChanges } = workflow;
  return (
    <>
      <Status status={status} />
      {version !== null && <Mark>{`v${version}`}</Mark>}
      {hasUnpublishedChanges && (
        <Mark tone="info" icon="pencil">
          unpublished changes
        </Mark>
      )}
      {isReadOnly && (
        <Mark icon="info">
          {status === 'archived' ? 'archived: to look at only' : 'to look at only: editing takes the permission automation:manage'}
        </Mark>
      )}
    </>
  );
}

/** The module of the record; null for workflows about none. */
function moduleIn({ trigger }: JsonObject): string | null {
  if (!isObject(trigger)) return null;
  const module = trigger.module ?? (isObject(trigger.record) ? trigger.record.module : undefined);
  return typeof module === 'string' ? module : null;
}
