import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { JsonObject } from '../../../core/json.js';
import { stepWords } from '../../model/definition-words.js';
import { type Place, setAt } from '../../model/json-path.js';
import { keepKey } from '../../model/node-keys.js';
import { argumentNames } from '../../model/step-schemas.js';
import { idProblem, renameStep, withKind } from '../../model/step-tree.js';
import { countWords } from '../../model/words.js';
import { Field, SelectBox } from '../../ui/field.js';
import { toast } from '../../ui/live.js';
import { useEditing, useValue } from '../forms/editing.js';

/** Name, id and kind. */
export function StepIdentity({ place, step }: { place: Place; step: JsonObject }): VNode {
  const { catalog, definition, set, change } = useEditing();
  const name = useValue([...place, 'name']);
  const id = useValue([...place, 'id']);
  const type = useValue([...place, 'type']);
  const [typed, setTyped] = useState<string | null>(null);
  const mistake = typed === null ? id.problem : idProblem(definition, place, typed);
  const rename = (): void => {
    // What cannot be one stays as it was typed, with the reason beneath it.
    if (typed === null || (typed !== step.id && mistake !== null)) return;
    setTyped(null);
    if (typed === step.id) return;
    const { references } = renameStep(definition, place, typed);
    change((now) => renameStep(now, place, typed).definition);
    if (references > 0)
      toast(`${countWords(references, 'place')} that read this step ${references === 1 ? 'follows' : 'follow'} its new id.`);
  };
  const known = catalog.actions.some((one) => one.type === step.type) || catalog.stepTypes.some((one) => one.type === step.type);
  const become = (next: string): void => {
    const isAction = catalog.actions.some((one) => one.type === next);
    change((now) => setAt(now, place, keepKey(step, withKind(step, next, isAction, argumentNames(next, catalog)))) as JsonObject);
  };
  return (
    <>
      <Field label="Name" problem={name.problem}>
        {(told) => (
          <input
            {...told}
            type="text"
            class="input"
            maxlength={200}
            placeholder={stepWords({ ...step, name: undefined }, catalog)}
            data-path={name.path}
            value={typeof step.name === 'string' ? step.name : ''}
            onInput={(event) => set([...place, 'name'], event.currentTarget.value === '' ? undefined : event.currentTarget.value)}
          />
        )}
      </Field>
      <div class="two">
        <Field label="Kind" problem={type.problem}>
          {(told) => (
            <SelectBox {...told} data-path={type.path} value={String(step.type ?? '')} onChange={become}>
              {!known && <option value={String(step.type ?? '')}>{String(step.type ?? 'Not chosen')}</option>}
              <optgroup label="Do something">
                {catalog.actions.map((one) => (
                  <option key={one.type} value={one.type}>
                    {one.label}
                  </option>
                ))}
              </optgroup>
              <optgroup label="Decide, wait, ask">
                {catalog.stepTypes.map((one) => (
                  <option key={one.type} value={one.type}>
                    {one.label}
                  </option>
                ))}
              </optgroup>
            </SelectBox>
          )}
        </Field>
        <Field label="Id" problem={mistake}>
          {(told) => (
            <input
              {...told}
              type="text"
              class="input mono"
              data-unread={(typed !== null && mistake !== null) || undefined}
              spellcheck={false}
              autocomplete="off"
              data-path={id.path}
              value={typed ?? String(step.id ?? '')}
              onInput={(event) => setTyped(event.currentTarget.value)}
              onBlur={rename}
              onKeyDown={(event) => {
                if (event.key === 'Enter') rename();
              }}
            />
          )}
        </Field>
      </div>
    </>
  );
}
