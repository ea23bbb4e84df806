import type { VNode } from 'preact';
import type { Json, JsonObject } from '../../../../core/json.js';
import { type Place, setAt } from '../../../model/json-path.js';
import { ANY, firedByWords, fromWords, statesOf, type Transition, transitionsOf } from '../../../model/machine.js';
import { moveTransition, renameTransition, sourcesOf } from '../../../model/machine-edit.js';
import { placedSteps } from '../../../model/step-tree.js';
import { countWords } from '../../../model/words.js';
import type { Draft } from '../../../parts/drafts/draft.js';
import { EditingContext, useEditing, useValue } from '../../../parts/forms/editing.js';
import { Texts } from '../../../parts/forms/lists.js';
import { SchemaForm } from '../../../parts/forms/schema-form.js';
import { Button } from '../../../ui/button.js';
import { Field, SelectBox } from '../../../ui/field.js';
import { Icon } from '../../../ui/icon.js';
import { announce, toast } from '../../../ui/live.js';
import { TextArea } from '../../../ui/text-area.js';
import { usePreview } from '../../editor/preview.js';
import { useChosenStep } from '../../editor/use-chosen-step.js';
import { WhenIfThen } from '../../editor/when-if-then.js';
import type { MachineDetail } from '../types.js';
import { CodeField } from './code-field.js';
import { useNestedEditing } from './nested-editing.js';
import { TriggerForm } from './trigger-form.js';

interface TransitionEditorProps {
  draft: Draft<MachineDetail>;
  index: number;
  onClose: () => void;
  /** It stands elsewhere in the list now. */
  onMoved: (index: number) => void;
  onHelp: () => void;
}

/** One transition: from where to where, what fires it, if it may, and what is done on the way. */
export function TransitionEditor(props: TransitionEditorProps): VNode {
  const { index, onClose } = props;
  const { definition } = useEditing();
  const transition = transitionsOf(definition)[index];
  return (
    <>
      <header class="machine-way">
        <button type="button" class="link-button" onClick={onClose}>
          All states and transitions
        </button>
        {transition && (
          <h2>
            {transition.code}: {fromWords(transition.from)} <Icon name="arrow" /> {transition.to || 'nowhere yet'}
          </h2>
        )}
      </header>
      {transition ? <Parts {...props} transition={transition} /> : <p class="quiet">It is not there any more.</p>}
    </>
  );
}

/** What a transition is beside its steps. */
const WAY = ['code', 'from', 'to', 'trigger', 'conditions'];

function Parts({ draft, index, transition, onClose, onMoved, onHelp }: TransitionEditorProps & { transition: Transition }): VNode {
  const { definition, catalog, module } = useEditing();
  const preview = usePreview(module, transition.conditions, catalog);
  const nested = useNestedEditing(['transitions', index], preview.record);
  const chosen = useChosenStep(nested.definition);
  const parts = { draft, index, definition, transition };
  return (
    <EditingContext.Provider value={nested}>
      <WhenIfThen
        when={firedByWords(transition, definition, catalog)}
        ifWords="For which it may fire"
        thenWords={stepsWords(nested.definition)}
        form={<WayForm {...parts} />}
        of={[index, definition.states, ...WAY.map((name) => nested.definition[name])]}
        preview={preview}
        chosen={chosen}
        about="The transition"
        settings={<TransitionForm {...parts} onClose={onClose} onMoved={onMoved} />}
        onUndo={() => draft.undo()}
        onHelp={onHelp}
      />
    </EditingContext.Provider>
  );
}

function stepsWords(transition: JsonObject): string {
  const count = placedSteps(transition).length;
  return count === 0 ? 'No steps: the instance moves at once' : `${countWords(count, 'step')}, then the instance moves`;
}

interface FormProps {
  draft: Draft<MachineDetail>;
  index: number;
  /** Of the whole machine. */
  definition: JsonObject;
  transition: Transition;
}

/** From where, to where, and what fires it. */
function WayForm({ draft, index, definition, transition }: FormProps): VNode {
  const { catalog, module, set } = useEditing();
  const from = useValue(['from'], true);
  const to = useValue(['to']);
  const codes = statesOf(definition).map(({ code }) => code);
  const states = codes.map((code) => ({ value: code, label: code }));
  const isAny = transition.from === ANY;
  const kinds = catalog.machines.triggers[module === null ? 'integration' : 'module'];
  return (
    <div class="form">
      <CodeField
        definition={definition}
        list="transitions"
        index={index}
        code={transition.code}
        path="code"
        onChange={(code) => draft.editDefinition((now) => renameTransition(now, index, code))}
      />
      <div class="two">
        <Field label="From" problem={from.problem}>
          {(told) =>
            isAny ? (
              <span>any state that is not final</span>
            ) : (
              <Texts
                {...told}
                value={transition.from as Json}
                path={from.path}
                suggestions={states}
                onChange={(next) => set(['from'], next ?? [])}
              />
            )
          }
        </Field>
        <Field label="To" problem={to.problem}>
          {(told) => (
            <SelectBox {...told} data-path={to.path} value={transition.to} onChange={(next) => set(['to'], next)}>
              {!codes.includes(transition.to) && <option value={transition.to}>{transition.to || 'Not chosen'}</option>}
              {codes.map((code) => (
                <option key={code} value={code}>
                  {code}
                </option>
              ))}
            </SelectBox>
          )}
        </Field>
      </div>
      <label class="check">
        <input
          type="checkbox"
          checked={isAny}
          onChange={(event) =>
            set(['from'], event.currentTarget.checked ? ANY : codes.slice(0, 1).concat(sourcesOf(definition, index)).slice(-1))
          }
        />
        <span class="choice-label">From any state that is not final</span>
      </label>
      <TriggerForm kinds={kinds} legend="What fires it" />
    </div>
  );
}

/** What there is about a transition beside its way: while no step of it is chosen. */
function TransitionForm({
  draft,
  index,
  transition,
  definition,
  onClose,
  onMoved,
}: FormProps & { onClose: () => void; onMoved: (index: number) => void }): VNode {
  const { catalog, isReadOnly, set } = useEditing();
  const { code, description, isEnabled } = transition;
  const count = transitionsOf(definition).length;
  const move = (by: 1 | -1): void => {
    if (moveTransition(definition, index, by) === null) return;
    draft.editDefinition((now) => moveTransition(now, index, by) ?? now);
    onMoved(index + by);
    announce(`It is asked as number ${index + by + 1} of ${count} now.`);
  };
  const place: Place = ['transitions', index];
  const remove = (): void => {
    draft.editDefinition((now) => setAt(now, place, undefined) as JsonObject);
    toast(`The transition ${code} is deleted.`, { action: { label: 'Undo', run: () => draft.undo() } });
    onClose();
  };
  return (
    <section class="form" aria-label={`Transition ${code}`}>
      <h2>The transition</h2>
      {isReadOnly ? (
        <p class="read-only">{description ?? <span class="quiet">No description</span>}</p>
      ) : (
        <>
          <TextArea
            label="Description (optional)"
            maxLength={2000}
            data-path="description"
            value={description ?? ''}
            onChange={(text) => set(['description'], text || undefined)}
          />
          <label class="check">
            <input
              type="checkbox"
              data-path="enabled"
              checked={isEnabled}
              onChange={(event) => set(['enabled'], event.currentTarget.checked ? undefined : false)}
            />
            <span>
              <span class="choice-label">Enabled</span>
              <small class="choice-hint">While it is not, it is never asked.</small>
            </span>
          </label>
          <div class="field">
            <strong>
              Asked as number {index + 1} of {count}
            </strong>
            <span class="row">
              <Button small icon="up" blocked={index === 0 ? 'It is the first' : null} onClick={() => move(-1)}>
                Earlier
              </Button>
              <Button small icon="down" blocked={index === count - 1 ? 'It is the last' : null} onClick={() => move(1)}>
                Later
              </Button>
            </span>
            <small class="field-hint">Of those that listen to the same, the first whose conditions hold fires.</small>
          </div>
        </>
      )}
      <SchemaForm schema={catalog.machines.settings} place={['settings']} />
      {!isReadOnly && (
        <span>
          <Button small kind="danger" icon="trash" onClick={remove}>
            Delete the transition
          </Button>
        </span>
      )}
    </section>
  );
}
