import './inspector.css';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { JsonObject } from '../../../core/json.js';
import { isObject } from '../../model/catalog.js';
import { retryWords, stepKindWords, stepWords } from '../../model/definition-words.js';
import { getAt, listAt, type Place, setAt } from '../../model/json-path.js';
import { keepKey, keyOf } from '../../model/node-keys.js';
import { fieldsOf } from '../../model/schema-form.js';
import { ATTEMPT_SCHEMA, argumentNames, argumentsOf, NO_ARGUMENTS, OUTPUT_SCHEMA, RETRY_SCHEMA } from '../../model/step-schemas.js';
import { idProblem, placedSteps, renameStep, withKind } from '../../model/step-tree.js';
import { countWords } from '../../model/words.js';
import { Button, IconButton } from '../../ui/button.js';
import { Field } from '../../ui/field.js';
import { Icon } from '../../ui/icon.js';
import { toast } from '../../ui/live.js';
import { Prose } from '../../ui/prose.js';
import { ConditionEditor } from '../conditions/condition-editor.js';
import { useEditing, useValue } from '../forms/editing.js';
import { FormControl, SchemaForm } from '../forms/schema-form.js';

/** Everything about the chosen step, as a form. */
export function StepInspector({ place, onClose }: { place: Place; onClose: () => void }): VNode {
  const { definition, catalog, isReadOnly } = useEditing();
  const step = getAt(definition, place) as JsonObject;
  const number = placedSteps(definition).find((one) => keyOf(one.step) === keyOf(step))?.number ?? '';
  const kind = stepKindWords(step.type, catalog);
  const about = catalog.actions.find(({ type }) => type === step.type) ?? catalog.stepTypes.find(({ type }) => type === step.type);
  const given = argumentsOf(step.type, catalog);
  const isAction = given !== null && given.at.length > 0;
  return (
    <section
      class="inspector"
      aria-label={`Step ${number}`}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || event.defaultPrevented) return;
        event.preventDefault();
        onClose();
      }}
    >
      <header class="inspector-head">
        <div>
          <h2>
            <span class="quiet">{number}</span> {stepWords(step, catalog)}
          </h2>
          {about?.description && (
            <p class="quiet">
              <Prose text={about.description} />
            </p>
          )}
        </div>
        <IconButton icon="cross" label="Close" onClick={onClose} />
      </header>
      <div class="form" key={keyOf(step)}>
        {isReadOnly ? <p class="quiet">{kind}</p> : <Identity place={place} step={step} />}
        <hr />
        {given === null ? (
          <p class="tone-bad">There is no action “{String(step.type)}” here any more. Choose another kind, or delete the step.</p>
        ) : (
          <SchemaForm
            key={String(step.type)}
            schema={given.schema}
            place={[...place, ...given.at]}
            leaveOut={isAction ? [] : NO_ARGUMENTS}
            condition={(field, at) => (
              <fieldset key={field.name} class="field-group">
                <legend>{field.label}</legend>
                {field.description && (
                  <small class="field-hint">
                    <Prose text={field.description} />
                  </small>
                )}
                <ConditionEditor place={at} label={field.label} />
              </fieldset>
            )}
          />
        )}
        {(step.type === 'branch' || step.type === 'parallel') && <Branches place={place} step={step} />}
        <Failure place={place} step={step} isAction={isAction} />
        {!isReadOnly && step.type !== 'parallel' && (
          <details class="fold">
            <summary>
              <Icon name="right" size={12} />
              What it keeps
            </summary>
            <div class="form">
              {fieldsOf(OUTPUT_SCHEMA).map((field) => (
                <FormControl key={field.name} field={field} place={[...place, field.name]} />
              ))}
            </div>
          </details>
        )}
      </div>
    </section>
  );
}

/** Name, id and kind. */
function Identity({ place, step }: { place: Place; step: JsonObject }): VNode {
  const { catalog, definition, set, change } = useEditing();
  const name = useValue([...place, 'name']);
  const id = useValue([...place, 'id']);
  const type = useValue([...place, 'type']);
  const [typed, setTyped] = useState<string | null>(null);
  const mistake = typed === null ? id.problem : idProblem(definition, place, typed);
  const rename = (): void => {
    if (typed === null) return;
    setTyped(null);
    if (typed === step.id || idProblem(definition, place, typed) !== null) return;
    const { references } = renameStep(definition, place, typed);
    change((now) => renameStep(now, place, typed).definition);
    if (references > 0)
      toast(`${countWords(references, 'place')} that read this step ${references === 1 ? 'follows' : 'follow'} its new id.`);
  };
  const known = catalog.actions.some((one) => one.type === step.type) || catalog.stepTypes.some((one) => one.type === step.type);
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
            <span class="select-place">
              <select
                {...told}
                class="select"
                data-path={type.path}
                value={String(step.type ?? '')}
                onChange={(event) => {
                  const next = event.currentTarget.value;
                  const isAction = catalog.actions.some((one) => one.type === next);
                  change(
                    (now) => setAt(now, place, keepKey(step, withKind(step, next, isAction, argumentNames(next, catalog)))) as JsonObject,
                  );
                }}
              >
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
              </select>
              <Icon name="down" size={12} />
            </span>
          )}
        </Field>
        <Field label="Id" problem={mistake}>
          {(told) => (
            <input
              {...told}
              type="text"
              class="input mono"
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

function Branches({ place, step }: { place: Place; step: JsonObject }): VNode {
  const { set, isReadOnly } = useEditing();
  const branches = listAt(step, ['branches']);
  const list = [...place, 'branches'];
  const own = useValue(list);
  const move = (from: number, by: number): void =>
    set(list, branches.toSpliced(from, 1).toSpliced(from + by, 0, branches[from] as JsonObject));
  const add = (): void => {
    const names = new Set(branches.map((branch) => (isObject(branch) ? branch.name : '')));
    const name = ['first', 'second', 'third'].find((one) => !names.has(one)) ?? `branch_${branches.length + 1}`;
    set([...list, branches.length], { name, ...(step.type === 'branch' && { when: { all: [] } }), steps: [] });
  };
  return (
    <fieldset class="field-group" data-path={own.path}>
      <legend>Branches</legend>
      {step.type === 'branch' && <small class="field-hint">The first whose condition holds is taken, else “Otherwise”.</small>}
      {own.problem && <small class="field-problem">{own.problem}</small>}
      {branches.map((branch, index) => (
        <BranchRow
          key={keyOf(branch)}
          place={[...list, index]}
          isBranch={step.type === 'branch'}
          index={index}
          count={branches.length}
          onMove={(by) => move(index, by)}
        />
      ))}
      {!isReadOnly && (
        <span>
          <Button small icon="plus" onClick={add}>
            Add a branch
          </Button>
        </span>
      )}
    </fieldset>
  );
}

function BranchRow({
  place,
  isBranch,
  index,
  count,
  onMove,
}: {
  place: Place;
  isBranch: boolean;
  index: number;
  count: number;
  onMove: (by: number) => void;
}): VNode {
  const { set, isReadOnly } = useEditing();
  const { value, problem, path } = useValue([...place, 'name']);
  const name = typeof value === 'string' ? value : '';
  return (
    <div class="form-row">
      <div class="form-row-head">
        <span>{name || `Branch ${index + 1}`}</span>
        {!isReadOnly && index > 0 && <IconButton icon="up" label={`Move ${name} up`} onClick={() => onMove(-1)} />}
        {!isReadOnly && index < count - 1 && <IconButton icon="down" label={`Move ${name} down`} onClick={() => onMove(1)} />}
        {!isReadOnly && count > 1 && (
          <IconButton icon="trash" label={`Delete ${name} with its steps`} onClick={() => set(place, undefined)} />
        )}
      </div>
      {!isReadOnly && (
        <Field label="Name" problem={problem}>
          {(told) => (
            <input
              {...told}
              type="text"
              class="input"
              data-path={path}
              value={name}
              onInput={(event) => set([...place, 'name'], event.currentTarget.value)}
            />
          )}
        </Field>
      )}
      {isBranch && <ConditionEditor place={[...place, 'when']} label={`When ${name}`} />}
    </div>
  );
}

/** What becomes of the run when the step fails for good, and how often it is tried before. */
function Failure({ place, step, isAction }: { place: Place; step: JsonObject; isAction: boolean }): VNode | null {
  const { isReadOnly, set } = useEditing();
  const { problem, path } = useValue([...place, 'onError']);
  const words = [
    ...(isAction ? [retryWords(step.retry)] : []),
    step.onError === 'continue' ? 'then the run goes on' : 'then the run fails',
  ].join(', ');
  if (step.type === 'stop') return null;
  if (isReadOnly) return <p class="quiet">On failure: {words}.</p>;
  return (
    <details class="fold" open={problem !== null || undefined}>
      <summary>
        <Icon name="right" size={12} />
        On failure: {words}
      </summary>
      <div class="form">
        <Field label="When it fails for good" problem={problem}>
          {(told) => (
            <span class="select-place">
              <select
                {...told}
                class="select"
                data-path={path}
                value={step.onError === 'continue' ? 'continue' : 'stop'}
                onChange={(event) => set([...place, 'onError'], event.currentTarget.value === 'continue' ? 'continue' : undefined)}
              >
                <option value="stop">The run fails</option>
                <option value="continue">The run goes on behind this step</option>
              </select>
              <Icon name="down" size={12} />
            </span>
          )}
        </Field>
        {isAction && (
          <>
            <div class="two">
              {fieldsOf(RETRY_SCHEMA).map((field) => (
                <FormControl key={field.name} field={field} place={[...place, 'retry', field.name]} />
              ))}
            </div>
            {fieldsOf(ATTEMPT_SCHEMA).map((field) => (
              <FormControl key={field.name} field={field} place={[...place, field.name]} />
            ))}
          </>
        )}
      </div>
    </details>
  );
}
