import type { VNode } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { JsonObject } from '../../../core/json.js';
import { type Catalog, isObject } from '../../model/catalog.js';
import { diffDefinitions } from '../../model/definition-diff.js';
import { stepWords, triggerWords } from '../../model/definition-words.js';
import { formatPlace, type Place, parsePlace } from '../../model/json-path.js';
import { isAt } from '../../model/outline.js';
import { changedQuery, hrefOf } from '../../model/route.js';
import { placedSteps } from '../../model/step-tree.js';
import { countWords } from '../../model/words.js';
import { DiffView } from '../../parts/diff/diff-view.js';
import type { Draft } from '../../parts/drafts/draft.js';
import { DraftPage } from '../../parts/drafts/draft-page.js';
import { useOpenDraft } from '../../parts/drafts/use-open-draft.js';
import { Outline } from '../../parts/flow/outline.js';
import { Button } from '../../ui/button.js';
import { navigate, usePlace } from '../../ui/location.js';
import { Status } from '../../ui/status.js';
import { useStore } from '../../ui/store.js';
import { WorkflowMarks } from '../workflows/workflow-marks.js';
import { useEditFrom } from './edit-from.js';
import { usePreview } from './preview.js';
import { PublishDialog } from './publish-dialog.js';
import { SettingsForm } from './settings-form.js';
import { WorkflowTabs } from './tabs.js';
import { TestDialog } from './test/test-dialog.js';
import type { WorkflowDetail } from './types.js';
import { useChosenStep } from './use-chosen-step.js';
import { WhenForm } from './when.js';
import { WhenIfThen } from './when-if-then.js';

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
  const { definition } = history.present;
  const { query, segments } = usePlace();
  const module = moduleIn(definition);
  const preview = usePreview(module, definition.conditions, catalog);
  const { record } = preview;
  // A link from a run opens the test with what the run began with.
  const opened = useOpenDraft(draft, { catalog, module, record, dialog: query.has('test') ? 'test' : null });
  const { dialog, ask, focusOn, editing } = opened;
  useEditFrom(draft, opened.readOnly !== null);
  const chosen = useChosenStep(definition);
  const { place, choose } = chosen;
  const [isWide] = useState(() => matchMedia(WIDE).matches);

  const steps = useMemo(() => placedSteps(definition), [definition]);
  const stepAround = (path: string) => steps.findLast((step) => isAt(path, step.path));
  /** Brings a place of the definition into view, its step chosen, and the focus into its control. */
  const show = (path: string): void => {
    const around = stepAround(path);
    if (around) choose(around.place);
    focusOn(path);
    ask(null);
  };
  const placeWords = (path: string): string | null => {
    const found = stepAround(path);
    if (found) return `${found.number} ${stepWords(found.step, catalog)}`;
    return PART_WORDS[String(parsePlace(path)[0])] ?? null;
  };
  /** Chooses a step and shows its card. */
  const go = (to: Place): void => {
    choose(to);
    focusOn(formatPlace(to));
  };
  const help = (): void => ask('keys');

  return (
    <DraftPage
      opened={opened}
      marks={
        <>
          <Status status={workflow.status} />
          <WorkflowMarks workflow={{ ...workflow, problemCount: editing.problems.length }} />
        </>
      }
      actions={
        <Button
          icon="play"
          blocked={workflow.problems.length > 0 ? 'The problems have to be mended first' : null}
          onClick={() => void opened.askStored('test')}
        >
          Test
        </Button>
      }
      tabs={<WorkflowTabs id={workflow.id} current="editor" />}
      placeWords={placeWords}
      onShow={show}
      drawDiff={(from, to) => <DiffView diff={diffDefinitions(from, to)} catalog={catalog} module={module} />}
      drawPublish={(ends) => <PublishDialog workflow={workflow} catalog={catalog} onProblem={show} {...ends} />}
    >
      <WhenIfThen
        when={triggerWords(definition.trigger, catalog)}
        ifWords="Which records it is for"
        thenWords={countWords(steps.length, 'step')}
        form={<WhenForm />}
        of={[definition.trigger, definition.conditions]}
        preview={preview}
        chosen={chosen}
        outline={
          steps.length >= STEPS_TO_OUTLINE && (
            <details class="editor-outline" open={isWide}>
              <summary>
                <h2>Steps</h2> <span class="quiet">{steps.length}</span>
              </summary>
              <Outline
                definition={definition}
                catalog={catalog}
                problems={editing.problems}
                chosen={place && formatPlace(place)}
                onGo={go}
              />
            </details>
          )
        }
        about="The workflow"
        settings={<SettingsForm draft={draft} />}
        onUndo={() => draft.undo()}
        onHelp={help}
      />
      {dialog === 'test' && (
        <TestDialog
          workflowId={workflow.id}
          definition={definition}
          module={module}
          catalog={catalog}
          record={record}
          begin={query.get('test')}
          onClose={() => {
            ask(null);
            navigate(hrefOf(segments.join('/'), changedQuery(query, { test: null })), { replace: true });
          }}
        />
      )}
    </DraftPage>
  );
}

const PART_WORDS: Readonly<Record<string, string>> = { trigger: 'When', conditions: 'If' };

/** The module of the record; null for workflows about none. */
function moduleIn({ trigger }: JsonObject): string | null {
  if (!isObject(trigger)) return null;
  const module = trigger.module ?? (isObject(trigger.record) ? trigger.record.module : undefined);
  return typeof module === 'string' ? module : null;
}
