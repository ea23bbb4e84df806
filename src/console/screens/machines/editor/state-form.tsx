import type { VNode } from 'preact';
import type { JsonObject } from '../../../../core/json.js';
import { setAt } from '../../../model/json-path.js';
import { ANY, statesOf, transitionsOf } from '../../../model/machine.js';
import { makeInitial, renameState } from '../../../model/machine-edit.js';
import { countWords } from '../../../model/words.js';
import type { Draft } from '../../../parts/drafts/draft.js';
import { DurationInput } from '../../../parts/forms/duration-input.js';
import { useEditing, useValue } from '../../../parts/forms/editing.js';
import { Button, IconButton } from '../../../ui/button.js';
import { Field, SelectBox } from '../../../ui/field.js';
import { announce, toast } from '../../../ui/live.js';
import { TextArea } from '../../../ui/text-area.js';
import type { MachineDetail } from '../types.js';
import { CodeField } from './code-field.js';

interface StateFormProps {
  draft: Draft<MachineDetail>;
  index: number;
  onAddTransition: (from: string) => void;
  onClose: () => void;
}

/** One state as a form. */
export function StateForm({ draft, index, onAddTransition, onClose }: StateFormProps): VNode {
  const { definition, set } = useEditing();
  const place = ['states', index];
  const state = statesOf(definition)[index];
  const { problem, path } = useValue(place);
  const initial = useValue([...place, 'initial']);
  const final = useValue([...place, 'final']);
  if (!state) return <p class="quiet">It is not there any more.</p>;
  const { code, description, isInitial, isFinal, timeout } = state;
  const rename = (next: string): void => {
    const { references } = renameState(definition, index, next);
    draft.editDefinition((now) => renameState(now, index, next).definition);
    announce(`It is ${next} now; ${countWords(references, 'place')} that named it changed with it.`);
  };
  const remove = (): void => {
    draft.editDefinition((now) => setAt(now, place, undefined) as JsonObject);
    toast(`The state ${code} is deleted.`, {
      detail: 'Transitions that name it are problems now.',
      action: { label: 'Undo', run: () => draft.undo() },
    });
    onClose();
  };
  return (
    <section class="form" aria-label={`State ${code}`} data-path={path}>
      <header class="inspector-head">
        <h2>State {code}</h2>
        <IconButton icon="cross" label="Close" onClick={onClose} />
      </header>
      {problem && <p class="field-problem">{problem}</p>}
      <CodeField definition={definition} list="states" index={index} code={code} path={`${path}.code`} onChange={rename} />
      <TextArea
        label="Description (optional)"
        maxLength={2000}
        data-path={`${path}.description`}
        value={description ?? ''}
        onChange={(text) => set([...place, 'description'], text || undefined)}
      />
      <div class="machine-checks">
        <label class="check">
          <input
            type="checkbox"
            data-path={initial.path}
            checked={isInitial}
            onChange={(event) =>
              event.currentTarget.checked ? draft.editDefinition((now) => makeInitial(now, index)) : set([...place, 'initial'], undefined)
            }
          />
          <span>
            <span class="choice-label">Instances begin here</span>
            <small class="choice-hint">Exactly one state is the first one.</small>
            {initial.problem && <small class="field-problem">{initial.problem}</small>}
          </span>
        </label>
        <label class="check">
          <input
            type="checkbox"
            data-path={final.path}
            checked={isFinal}
            onChange={(event) => set([...place, 'final'], event.currentTarget.checked || undefined)}
          />
          <span>
            <span class="choice-label">Final</span>
            <small class="choice-hint">Nothing leads out of it.</small>
            {final.problem && <small class="field-problem">{final.problem}</small>}
          </span>
        </label>
      </div>
      {(!isFinal || timeout !== null) && <TimeoutForm index={index} />}
      <div class="row">
        {!isFinal && (
          <Button small icon="plus" onClick={() => onAddTransition(code)}>
            Transition out of it
          </Button>
        )}
        <Button small kind="danger" icon="trash" onClick={remove}>
          Delete the state
        </Button>
      </div>
    </section>
  );
}

/** What becomes of who stays too long. */
function TimeoutForm({ index }: { index: number }): VNode {
  const { definition, set } = useEditing();
  const place = ['states', index, 'timeout'];
  const whole = useValue(place);
  const after = useValue([...place, 'after']);
  const transition = useValue([...place, 'transition']);
  const state = statesOf(definition)[index];
  const timeout = state?.timeout ?? null;
  const leading = transitionsOf(definition).filter(({ from }) => from === ANY || from.includes(state?.code ?? ''));
  const first = leading.find(({ trigger }) => (trigger as JsonObject | undefined)?.type === 'timeout') ?? leading[0];
  return (
    <div class="field-group" data-path={whole.path}>
      <label class="check">
        <input
          type="checkbox"
          checked={timeout !== null}
          onChange={(event) =>
            set(place, event.currentTarget.checked ? { after: 'P1D', ...(first && { transition: first.code }) } : undefined)
          }
        />
        <span class="choice-label">Who stays too long goes on</span>
      </label>
      {whole.problem && <small class="field-problem">{whole.problem}</small>}
      {timeout !== null && (
        <>
          <Field label="After" problem={after.problem}>
            {(told) => (
              <DurationInput
                {...told}
                label="After"
                value={timeout.after}
                data-path={after.path}
                onChange={(next) => set([...place, 'after'], next)}
              />
            )}
          </Field>
          <Field label="By the transition" problem={transition.problem}>
            {(told) => (
              <SelectBox
                {...told}
                data-path={transition.path}
                value={timeout.transition}
                onChange={(next) => set([...place, 'transition'], next || undefined)}
              >
                <option value="">Not chosen</option>
                {timeout.transition !== '' && !leading.some(({ code }) => code === timeout.transition) && (
                  <option value={timeout.transition}>{timeout.transition}</option>
                )}
                {leading.map(({ code, to }) => (
                  <option key={code} value={code}>
                    {code} (to {to})
                  </option>
                ))}
              </SelectBox>
            )}
          </Field>
        </>
      )}
    </div>
  );
}
