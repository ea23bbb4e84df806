import './editor.css';
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Json, JsonObject } from '../../../core/json.js';
import { ApiError, call } from '../../api/client.js';
import { useCatalog, useMay } from '../../api/me.js';
import { forget } from '../../api/query.js';
import { type Catalog, isObject } from '../../model/catalog.js';
import { stepWords, triggerWords } from '../../model/definition-words.js';
import { formatPlace, getAt, type Place, parsePlace, setAt } from '../../model/json-path.js';
import { changedQuery, hrefOf } from '../../model/route.js';
import { placedSteps, placeOfId } from '../../model/step-tree.js';
import { clockTime } from '../../model/time.js';
import { countWords } from '../../model/words.js';
import { ConditionEditor } from '../../parts/conditions/condition-editor.js';
import { FlowEditor } from '../../parts/flow/flow-editor.js';
import { StepInspector } from '../../parts/flow/inspector.js';
import { type Editing, EditingContext } from '../../parts/forms/editing.js';
import { Button, IconButton } from '../../ui/button.js';
import { Icon } from '../../ui/icon.js';
import { announce } from '../../ui/live.js';
import { navigate, usePlace } from '../../ui/location.js';
import { Page, useTitle } from '../../ui/page.js';
import { Banner, ErrorPanel, Skeleton } from '../../ui/states.js';
import { Mark, Status } from '../../ui/status.js';
import { useStore } from '../../ui/store.js';
import { useZone } from '../../ui/time.js';
import { ConflictDialog } from './conflict-dialog.js';
import { Draft, type DraftState, dropText, keptText } from './draft.js';
import { Answer, type PreviewRecord, RecordPicker, useExplanation } from './preview.js';
import { PublishDialog } from './publish-dialog.js';
import { SettingsForm } from './settings-form.js';
import { WorkflowTabs } from './tabs.js';
import { TestPanel } from './test-panel.js';
import type { WorkflowDetail } from './types.js';
import { WhenForm } from './when.js';

/** One workflow: when it starts, if it runs, then what it does. */
export function Editor({ id }: { id: string }): VNode {
  const catalog = useCatalog();
  const [draft, setDraft] = useState<Draft | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    // Not from what was asked lately: an edit on top of an old state would be a conflict.
    const leaving = new AbortController();
    setError(null);
    call<WorkflowDetail>('GET', `workflows/${id}`, { signal: leaving.signal })
      .then((workflow) => setDraft(new Draft(workflow)))
      .catch((failed: unknown) => {
        if (failed instanceof ApiError) setError(failed);
      });
    return () => leaving.abort();
  }, [id, turn]);
  useEffect(
    () => () => {
      draft?.close();
      void forget('workflows');
    },
    [draft],
  );
  if (error !== null) {
    return (
      <Page title={error.status === 404 ? 'No such workflow' : 'Workflow'} back={{ href: 'workflows', label: 'Workflows' }}>
        <ErrorPanel error={error.body} {...(error.status !== 404 && { retry: () => setTurn(turn + 1) })} />
      </Page>
    );
  }
  if (draft === null || catalog === null) {
    return (
      <Page title="Workflow" back={{ href: 'workflows', label: 'Workflows' }}>
        <Skeleton what="the workflow" rows={8} />
      </Page>
    );
  }
  return <EditorPage key={id} draft={draft} catalog={catalog} />;
}

function EditorPage({ draft, catalog }: { draft: Draft; catalog: Catalog }): VNode {
  const state = useStore(draft.state);
  const { workflow, problems, saving, history } = state;
  const { definition, name } = history.present;
  const { query, segments } = usePlace();
  const isReadOnly = !useMay('manage') || workflow.status === 'archived';
  const module = moduleIn(definition);
  const [record, setRecord] = useState<PreviewRecord | null>(null);
  const [dialog, setDialog] = useState<'publish' | 'test' | null>(null);
  const [isConflictHidden, setConflictHidden] = useState(false);
  const [lost, setLost] = useState(() => keptText(workflow));
  const page = useRef<HTMLDivElement>(null);
  const side = useRef<HTMLElement>(null);
  const focusOn = useRef<string | null>(null);

  // The chosen step is told by its id in the address; while it has none that is its own, by its place alone.
  const [chosen, setChosen] = useState<Place | null>(() => placeOfId(definition, query.get('step') ?? ''));
  const step = chosen === null ? undefined : getAt(definition, chosen);
  const choose = setChosen;
  const chosenId = isObject(step) && typeof step.id === 'string' ? step.id : null;
  useEffect(() => {
    if ((query.get('step') ?? null) === chosenId) return;
    // Not at every key on the way: the address is read by the whole page.
    const timer = setTimeout(() => navigate(hrefOf(segments.join('/'), changedQuery(query, { step: chosenId })), { replace: true }), 200);
    return () => clearTimeout(timer);
  }, [chosenId]);

  useTitle(name);
  useEffect(() => {
    if (saving.kind !== 'conflict') setConflictHidden(false);
  }, [saving.kind]);
  // The record of the preview belongs to the module.
  useEffect(() => setRecord(null), [module]);

  const editing = useMemo<Editing>(
    () => ({
      definition,
      catalog,
      module,
      problems,
      subject: record === null ? null : { recordId: record.id },
      isReadOnly,
      set: (place: Place, value: Json | undefined) =>
        draft.editDefinition((now) => setAt(now, place, value) as JsonObject, formatPlace(place)),
      change: (change: (now: JsonObject) => JsonObject) => draft.editDefinition(change),
    }),
    [definition, catalog, module, problems, record, isReadOnly, draft],
  );
  const { explanation, error } = useExplanation(module, definition.conditions, record, catalog);

  /** Brings a place of the definition into view, its step chosen, and the focus into its control. */
  const show = (path: string): void => {
    const place = parsePlace(path);
    const around = placedSteps(definition).findLast((one) => isStart(one.place, place));
    if (around) choose(around.place);
    focusOn.current = path;
    setDialog(null);
  };
  useLayoutEffect(() => {
    const path = focusOn.current;
    if (path === null || dialog !== null) return;
    focusOn.current = null;
    focusControl(page.current, path);
  });

  const jump = (by: 1 | -1): void => {
    if (problems.length === 0) {
      announce('No problems.');
      return;
    }
    jumped.current = (jumped.current + by + problems.length) % problems.length;
    show(problems[jumped.current]?.path ?? '');
    announce(problems[jumped.current]?.message ?? '');
  };
  const jumped = useRef(-1);

  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (document.querySelector('dialog[open]')) return;
      const isControl = event.ctrlKey || event.metaKey;
      const isTyping = event.target instanceof HTMLElement && event.target.matches('input:not([type=checkbox], [type=radio]), textarea');
      const key = event.key.toLowerCase();
      const action =
        isControl && key === 's'
          ? () => void draft.save()
          : isControl && !isTyping && key === 'z'
            ? () => (event.shiftKey ? draft.redo() : draft.undo())
            : isControl && !isTyping && key === 'y'
              ? () => draft.redo()
              : key === 'f8'
                ? () => jump(event.shiftKey ? -1 : 1)
                : null;
      if (action === null) return;
      event.preventDefault();
      action();
    };
    const onHide = (): void => {
      if (document.hidden) void draft.save();
    };
    addEventListener('keydown', onKey);
    document.addEventListener('visibilitychange', onHide);
    return () => {
      removeEventListener('keydown', onKey);
      document.removeEventListener('visibilitychange', onHide);
    };
  });

  const enterInspector = (): void => {
    side.current?.querySelector<HTMLElement>('input, select, textarea')?.focus();
  };
  const leaveInspector = (): void => {
    const path = chosen === null ? null : formatPlace(chosen);
    const card = path === null ? null : page.current?.querySelector<HTMLElement>(`[data-step="${CSS.escape(path)}"]`);
    if (card) card.focus();
    choose(null);
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

  const hasStep = chosen !== null && isObject(step);
  return (
    <EditingContext.Provider value={editing}>
      {/* Leaving a field stores it: nothing to press. */}
      <div class="page" ref={page} onFocusOut={() => state.saving.kind === 'changed' && void draft.save()}>
        <Head draft={draft} state={state} isReadOnly={isReadOnly} onPublish={() => setDialog('publish')} onTest={() => setDialog('test')} />
        <WorkflowTabs id={workflow.id} current="editor" />
        {lost !== null && (
          <Banner
            tone="warn"
            icon="warning"
            actions={
              <>
                <Button
                  small
                  onClick={() => {
                    draft.edit(() => lost);
                    setLost(null);
                  }}
                >
                  Take it up again
                </Button>
                <Button
                  small
                  kind="quiet"
                  onClick={() => {
                    dropText(workflow.id);
                    setLost(null);
                  }}
                >
                  Drop it
                </Button>
              </>
            }
          >
            <strong>Text of yours was not saved last time</strong>
            <span>It is still in this tab.</span>
          </Banner>
        )}
        {saving.kind === 'failed' && <ErrorPanel error={saving.error.body} retry={() => void draft.save()} />}
        {problems.length > 0 && <Problems problems={problems} definition={definition} catalog={catalog} onShow={show} />}
        <div class="editor">
          <div class="editor-parts">
            {before}
            <Part number={3} title="Then" sentence={countWords(placedSteps(definition).length, 'step')} isFlow>
              <FlowEditor
                chosen={chosen === null ? null : formatPlace(chosen)}
                onChoose={choose}
                onEnter={enterInspector}
                onUndo={() => draft.undo()}
              />
            </Part>
          </div>
          <aside
            ref={side}
            class={`editor-side${hasStep ? '' : ' editor-side-idle'}`}
            aria-label={hasStep ? 'The chosen step' : 'The workflow'}
          >
            {hasStep ? (
              <StepInspector key={chosenId ?? formatPlace(chosen)} place={chosen} onClose={leaveInspector} />
            ) : (
              <SettingsForm draft={draft} document={history.present} />
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
          <TestPanel draft={draft} module={module} catalog={catalog} record={record} onPick={setRecord} onClose={() => setDialog(null)} />
        )}
        {saving.kind === 'conflict' && !isConflictHidden && (
          <ConflictDialog draft={draft} theirs={saving.theirs} catalog={catalog} module={module} onClose={() => setConflictHidden(true)} />
        )}
        {saving.kind === 'conflict' && isConflictHidden && (
          <Banner
            tone="warn"
            icon="warning"
            actions={
              <Button small onClick={() => setConflictHidden(false)}>
                Decide
              </Button>
            }
          >
            <strong>Somebody else has saved</strong>
            <span>What you change here is not stored until you decide which counts. It is kept in this tab.</span>
          </Banner>
        )}
      </div>
    </EditingContext.Provider>
  );
}

function Part({
  number,
  title,
  sentence,
  isFlow = false,
  children,
}: {
  number: number;
  title: string;
  sentence: string;
  isFlow?: boolean;
  children: ComponentChildren;
}): VNode {
  return (
    <section class={`part${isFlow ? ' part-flow' : ''}`} aria-label={title}>
      <header class="part-head">
        <span class="part-number">{number}</span>
        <h2>{title}</h2>
        <p class="part-sentence">{sentence}</p>
      </header>
      {children && <div class="part-body">{children}</div>}
    </section>
  );
}

function Head({
  draft,
  state,
  isReadOnly,
  onPublish,
  onTest,
}: {
  draft: Draft;
  state: DraftState;
  isReadOnly: boolean;
  onPublish: () => void;
  onTest: () => void;
}): VNode {
  const { workflow, history, saving } = state;
  const [isNaming, setNaming] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (isNaming) input.current?.select();
  }, [isNaming]);
  const { name } = history.present;
  const test = async (): Promise<void> => {
    // What is tested is what is stored.
    if (isReadOnly || (await draft.save())) onTest();
  };
  const publish = async (): Promise<void> => {
    // What is published is what is stored.
    if (await draft.save()) onPublish();
  };
  return (
    <header class="page-head">
      <div class="page-titles">
        <a class="page-back" href="workflows">
          <Icon name="left" size={12} />
          Workflows
        </a>
        <div class="editor-name">
          {isNaming ? (
            <>
              <h1 class="visually-hidden">{name}</h1>
              <input
                ref={input}
                type="text"
                class="input"
                aria-label="Name of the workflow"
                maxLength={200}
                value={name}
                onInput={(event) => {
                  const text = event.currentTarget.value;
                  if (text.trim() !== '') draft.edit((document) => ({ ...document, name: text }), 'name');
                }}
                onBlur={() => setNaming(false)}
                onKeyDown={(event) => {
                  if (event.key === 'Enter' || event.key === 'Escape') setNaming(false);
                }}
              />
            </>
          ) : (
            <>
              <h1>{name}</h1>
              {!isReadOnly && <IconButton icon="pencil" label="Rename the workflow" onClick={() => setNaming(true)} />}
            </>
          )}
        </div>
        <div class="editor-state">
          <Status status={workflow.status} />
          {workflow.version !== null && <Mark>{`v${workflow.version}`}</Mark>}
          {workflow.hasUnpublishedChanges && (
            <Mark tone="info" icon="pencil">
              unpublished changes
            </Mark>
          )}
          {!isReadOnly && <SavedWords saving={saving} />}
          {isReadOnly && (
            <Mark icon="info">
              {workflow.status === 'archived'
                ? 'archived: to look at only'
                : 'to look at only: editing takes the permission automation:manage'}
            </Mark>
          )}
        </div>
      </div>
      <div class="page-actions">
        {!isReadOnly && (
          <>
            <IconButton
              icon="undo"
              label="Undo (Ctrl+Z)"
              aria-disabled={history.past.length === 0 || undefined}
              onClick={() => draft.undo()}
            />
            <IconButton
              icon="redo"
              label="Redo (Ctrl+Shift+Z)"
              aria-disabled={history.future.length === 0 || undefined}
              onClick={() => draft.redo()}
            />
          </>
        )}
        <Button icon="play" blocked={state.problems.length > 0 ? 'The problems have to be mended first' : null} onClick={() => void test()}>
          Test
        </Button>
        {!isReadOnly && (
          <Button kind="primary" icon="check" onClick={() => void publish()}>
            Publish …
          </Button>
        )}
      </div>
    </header>
  );
}

/** Saved means saved. */
function SavedWords({ saving }: { saving: DraftState['saving'] }): VNode {
  const zone = useZone();
  switch (saving.kind) {
    case 'saved':
      return (
        <span class="editor-saved quiet">
          <Icon name="check" size={12} />
          {saving.at === null ? 'Saved' : `Saved ${clockTime(saving.at, zone)}`}
        </span>
      );
    case 'failed':
      return (
        <span class="editor-saved tone-bad">
          <Icon name="warning" size={12} />
          {saving.error.status === 0 ? 'Not saved: offline' : 'Not saved'}
        </span>
      );
    case 'conflict':
      return (
        <span class="editor-saved tone-warn">
          <Icon name="warning" size={12} />
          Not saved: somebody else has saved
        </span>
      );
    default:
      return <span class="editor-saved quiet">Saving …</span>;
  }
}

const SHOWN_AT_ONCE = 5;

interface ProblemsProps {
  problems: DraftState['problems'];
  definition: JsonObject;
  catalog: Catalog;
  onShow: (path: string) => void;
}

/** What keeps it from being published, each with the way to where it is. */
function Problems({ problems, definition, catalog, onShow }: ProblemsProps): VNode {
  const steps = placedSteps(definition);
  const where = (path: string): string | null => {
    const place = parsePlace(path);
    const found = steps.findLast((one) => isStart(one.place, place));
    return found
      ? `${found.number} ${stepWords(found.step, catalog)}`
      : place[0] === 'trigger'
        ? 'When'
        : place[0] === 'conditions'
          ? 'If'
          : null;
  };
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? problems : problems.slice(0, SHOWN_AT_ONCE);
  return (
    <section class="banner soft-bad" aria-label="Problems">
      <div class="banner-words">
        <strong>{countWords(problems.length, 'problem')} to mend before it can be published</strong>
        <ul class="problem-list">
          {shown.map(({ path, message, hint }) => (
            <li key={`${path} ${message}`}>
              <button type="button" onClick={() => onShow(path)}>
                <span class="tone-bad">
                  <Icon name="warning" />
                </span>
                <span>
                  {where(path) !== null && <strong>{where(path)}: </strong>}
                  {message} {hint}
                </span>
              </button>
            </li>
          ))}
        </ul>
        {!isWhole && problems.length > SHOWN_AT_ONCE && (
          <span>
            <Button small kind="quiet" onClick={() => setWhole(true)}>
              All {problems.length}
            </Button>
          </span>
        )}
        <small class="quiet">F8 goes to the next one.</small>
      </div>
    </section>
  );
}

/** The module of the record; null for workflows about none. */
function moduleIn({ trigger }: JsonObject): string | null {
  if (!isObject(trigger)) return null;
  const module = trigger.module ?? (isObject(trigger.record) ? trigger.record.module : undefined);
  return typeof module === 'string' ? module : null;
}

function isStart(start: Place, place: Place): boolean {
  return start.every((part, index) => place[index] === part);
}

/** Focuses the control of a path, or the nearest one around it. */
function focusControl(root: HTMLElement | null, path: string): void {
  for (let place = parsePlace(path); place.length > 0; place = place.slice(0, -1)) {
    const here = CSS.escape(formatPlace(place));
    const found = root?.querySelector<HTMLElement>(`[data-path="${here}"]`) ?? root?.querySelector<HTMLElement>(`[data-step="${here}"]`);
    if (!found) continue;
    const folded = found.closest('details:not([open])');
    if (folded instanceof HTMLDetailsElement) folded.open = true;
    const control = found.matches('input, select, textarea, button')
      ? found
      : (found.querySelector<HTMLElement>('input, select, textarea, button') ?? found);
    control.focus();
    control.scrollIntoView({ block: 'center' });
    return;
  }
}
