import './inspector.css';
import type { VNode } from 'preact';
import type { JsonObject } from '../../../core/json.js';
import { stepKindWords, stepWords } from '../../model/definition-words.js';
import { getAt, type Place } from '../../model/json-path.js';
import { keyOf } from '../../model/node-keys.js';
import { fieldsOf } from '../../model/schema-form.js';
import { argumentsOf, NO_ARGUMENTS, OUTPUT_SCHEMA } from '../../model/step-schemas.js';
import { placedSteps } from '../../model/step-tree.js';
import { IconButton } from '../../ui/button.js';
import { Prose } from '../../ui/prose.js';
import { ConditionEditor } from '../conditions/condition-editor.js';
import { useEditing } from '../forms/editing.js';
import { Fold } from '../forms/fold.js';
import { FormControl } from '../forms/form-control.js';
import { SchemaForm } from '../forms/schema-form.js';
import { Branches } from './branches.js';
import { Failure } from './failure.js';
import { StepIdentity } from './step-identity.js';

/** Everything about the chosen step, as a form. */
export function StepInspector({ place, onClose }: { place: Place; onClose: () => void }): VNode {
  const { definition, catalog, isReadOnly } = useEditing();
  const step = getAt(definition, place) as JsonObject;
  const number = placedSteps(definition).find((one) => one.step === step)?.number ?? '';
  const kind = stepKindWords(step.type, catalog);
  const about = catalog.actions.find(({ type }) => type === step.type) ?? catalog.stepTypes.find(({ type }) => type === step.type);
  const given = argumentsOf(step.type, catalog);
  const isAction = given !== null && given.at.length > 0;
  const kept = fieldsOf(OUTPUT_SCHEMA);
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
        {isReadOnly ? <p class="quiet">{kind}</p> : <StepIdentity place={place} step={step} />}
        <hr />
        {given === null ? (
          <p class="tone-bad">There is no action “{String(step.type)}” here any more. Choose another kind, or delete the step.</p>
        ) : (
          <SchemaForm
            key={String(step.type)}
            schema={given.schema}
            place={[...place, ...given.at]}
            leaveOut={isAction ? [] : NO_ARGUMENTS}
            condition={({ label, isRequired }, at) => <ConditionEditor place={at} label={label} isOptional={!isRequired} />}
          />
        )}
        {(step.type === 'branch' || step.type === 'parallel') && <Branches place={place} step={step} />}
        <Failure place={place} step={step} isAction={isAction} />
        {!isReadOnly && step.type !== 'parallel' && (
          <Fold summary="What it keeps" about={kept.map(({ name }) => [...place, name])}>
            {kept.map((field) => (
              <FormControl key={field.name} field={field} place={[...place, field.name]} />
            ))}
          </Fold>
        )}
      </div>
    </section>
  );
}
