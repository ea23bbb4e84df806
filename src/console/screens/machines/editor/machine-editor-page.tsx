import '../machines.css';
import type { VNode } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { useAsk } from '../../../api/query.js';
import type { Catalog } from '../../../model/catalog.js';
import { formatPlace, parsePlace } from '../../../model/json-path.js';
import { instancesByState, moduleOfMachine, statesOf, transitionsOf } from '../../../model/machine.js';
import { diffMachines } from '../../../model/machine-diff.js';
import { addState, addTransition } from '../../../model/machine-edit.js';
import { countWords } from '../../../model/words.js';
import type { Draft } from '../../../parts/drafts/draft.js';
import { DraftMarks } from '../../../parts/drafts/draft-marks.js';
import { DraftPage } from '../../../parts/drafts/draft-page.js';
import { useOpenDraft } from '../../../parts/drafts/use-open-draft.js';
import { MachineDiff } from '../../../parts/machines/machine-diff.js';
import { MachineDrawing } from '../../../parts/machines/machine-drawing.js';
import { MachineTable } from '../../../parts/machines/machine-table.js';
import { Button } from '../../../ui/button.js';
import { announce } from '../../../ui/live.js';
import { Card } from '../../../ui/page.js';
import { Banner, EmptyState } from '../../../ui/states.js';
import { Mark } from '../../../ui/status.js';
import { useStore } from '../../../ui/store.js';
import { MachineActions } from '../machine-actions.js';
import { MachineSwitch } from '../machine-switch.js';
import { PublishDialog } from '../publish-dialog.js';
import { MachineTabs } from '../tabs.js';
import type { MachineDetail } from '../types.js';
import { MachineForm } from './machine-form.js';
import { StateForm } from './state-form.js';
import { TransitionEditor } from './transition-editor.js';
import { type Part, useChosenPart } from './use-chosen-part.js';

const EVERY_MS = 30_000;
const TABLE = 'machine-table';

interface MachineEditorPageProps {
  draft: Draft<MachineDetail>;
  catalog: Catalog;
}

/** The drawing and the table of a machine, and beside them the form of what is chosen; a chosen transition has the page. */
export function MachineEditorPage({ draft, catalog }: MachineEditorPageProps): VNode {
  const { item, history } = useStore(draft.state);
  const { warnings } = item;
  const { definition } = history.present;
  // Where instances are changes by itself.
  const now = useAsk<MachineDetail>(`machines/${item.id}`, { every: EVERY_MS }).data ?? item;
  const module = moduleOfMachine(definition.for);
  const opened = useOpenDraft(draft, { catalog, module });
  const { ask, focusOn } = opened;
  const { problems } = opened.editing;
  const isReadOnly = opened.readOnly !== null;
  const { part, choose } = useChosenPart(definition);
  // A transition that is moved stays the one that is edited: its form keeps the focus.
  const [moved, setMoved] = useState(0);
  const states = useMemo(() => statesOf(definition), [definition]);
  const transitions = useMemo(() => transitionsOf(definition), [definition]);

  /** Shows what a problem is about, and brings the focus into its control. */
  const show = (path: string): void => {
    const [list, index, ...rest] = parsePlace(path);
    ask(null);
    setMoved(0);
    if (typeof index === 'number' && (list === 'states' || list === 'transitions')) {
      choose({ kind: list === 'states' ? 'state' : 'transition', index });
      // The form of a transition is about the transition alone.
      focusOn(list === 'transitions' ? formatPlace(rest) : path);
      return;
    }
    choose(null);
    focusOn(path);
  };
  const placeWords = (path: string): string | null => {
    const [list, index] = parsePlace(path);
    const parts = list === 'states' ? states : list === 'transitions' ? transitions : [];
    const code = typeof index === 'number' ? parts[index]?.code : undefined;
    return code === undefined ? null : `${list === 'states' ? 'State' : 'Transition'} ${code || 'without a code'}`;
  };
  const add = (kind: Part['kind'], from: string | null = null): void => {
    const made = kind === 'state' ? addState(definition) : addTransition(definition, from);
    draft.editDefinition(() => made.definition);
    choose({ kind, index: made.index });
    focusOn(kind === 'state' ? `states[${made.index}].code` : 'code');
    announce(kind === 'state' ? 'A state is added.' : 'A transition is added.');
  };
  const help = (): void => ask('keys');

  const stateIndex = part?.kind === 'state' ? part.index : null;
  const chosenState = stateIndex === null ? null : (states[stateIndex]?.code ?? null);
  const hasParts = states.length > 0 || transitions.length > 0;
  return (
    <DraftPage
      opened={opened}
      marks={
        <MachineMarks machine={{ ...item, problemCount: problems.length, status: now.status, activeInstances: now.activeInstances }} />
      }
      menu={<MachineActions machine={item} />}
      tabs={<MachineTabs id={item.id} current="machine" />}
      placeWords={placeWords}
      onShow={show}
      drawDiff={(from, to) => <MachineDiff diff={diffMachines(from, to)} catalog={catalog} module={module} />}
      drawPublish={(ends) => <PublishDialog machine={{ ...item, status: now.status }} onProblem={show} {...ends} />}
    >
      {warnings.length > 0 && part === null && <Warnings warnings={warnings} />}
      {part?.kind === 'transition' ? (
        <TransitionEditor
          key={part.index - moved}
          draft={draft}
          index={part.index}
          onClose={() => choose(null)}
          onMoved={(index) => {
            setMoved(moved + index - part.index);
            choose({ kind: 'transition', index });
          }}
          onHelp={help}
        />
      ) : (
        <>
          <div class={isReadOnly ? 'stack' : 'machine-top'}>
            <div class="stack">
              <Card flush>
                {states.length === 0 ? (
                  <EmptyState icon="machine" title="It has no states yet">
                    <span>States are where a record can be; transitions lead from one to the next.</span>
                  </EmptyState>
                ) : (
                  <MachineDrawing
                    states={states}
                    transitions={transitions}
                    instances={instancesByState(now.states)}
                    chosen={chosenState}
                    table={TABLE}
                    onChoose={(code) => {
                      const index = states.findIndex((one) => one.code === code);
                      choose(index === stateIndex ? null : { kind: 'state', index });
                    }}
                  />
                )}
              </Card>
              {!isReadOnly && (
                <div class="row">
                  <Button icon="plus" onClick={() => add('state')}>
                    Add state
                  </Button>
                  <Button
                    icon="plus"
                    blocked={states.length === 0 ? 'Add a state first' : null}
                    onClick={() => add('transition', chosenState)}
                  >
                    Add transition
                  </Button>
                </div>
              )}
            </div>
            {!isReadOnly && (
              <aside class="machine-side" aria-label={stateIndex === null ? 'The state machine' : 'The chosen state'}>
                {stateIndex === null ? (
                  <MachineForm draft={draft} />
                ) : (
                  <StateForm
                    key={stateIndex}
                    draft={draft}
                    index={stateIndex}
                    onAddTransition={(from) => add('transition', from)}
                    onClose={() => choose(null)}
                  />
                )}
              </aside>
            )}
          </div>
          {hasParts && (
            <Card flush>
              <MachineTable
                id={TABLE}
                definition={definition}
                states={states}
                transitions={transitions}
                problems={problems}
                instances={instancesByState(now.states)}
                chosen={chosenState}
                drawTransition={({ code, place }) => (
                  <button type="button" class="link-button" onClick={() => choose({ kind: 'transition', index: Number(place[1]) })}>
                    {code || 'A transition without a code'}
                  </button>
                )}
                {...(!isReadOnly && {
                  drawState: ({ code, place }) => (
                    <button type="button" class="link-button" onClick={() => choose({ kind: 'state', index: Number(place[1]) })}>
                      {code || 'A state without a code'}
                    </button>
                  ),
                })}
              />
            </Card>
          )}
        </>
      )}
    </DraftPage>
  );
}

function MachineMarks({ machine }: { machine: MachineDetail }): VNode {
  return (
    <>
      <MachineSwitch machine={machine} />
      <DraftMarks item={machine} />
      <Mark icon="box">{`${countWords(machine.activeInstances, 'instance')} on the way`}</Mark>
    </>
  );
}

function Warnings({ warnings }: Pick<MachineDetail, 'warnings'>): VNode {
  return (
    <Banner tone="warn" icon="info">
      <strong>{countWords(warnings.length, 'thing')} to look at</strong>
      <ul class="banner-list">
        {warnings.map(({ path, message, hint }) => (
          <li key={`${path} ${message}`}>
            {message} {hint}
          </li>
        ))}
      </ul>
    </Banner>
  );
}
