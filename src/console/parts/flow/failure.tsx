import type { VNode } from 'preact';
import type { JsonObject } from '../../../core/json.js';
import { retryWords } from '../../model/definition-words.js';
import type { Place } from '../../model/json-path.js';
import { fieldsOf } from '../../model/schema-form.js';
import { ATTEMPT_SCHEMA, RETRY_SCHEMA } from '../../model/step-schemas.js';
import { Field, SelectBox } from '../../ui/field.js';
import { useEditing, useValue } from '../forms/editing.js';
import { Fold } from '../forms/fold.js';
import { FormControl } from '../forms/form-control.js';

const MEMBERS = ['onError', 'retry', 'timeout', 'onAmbiguous'];

/** What becomes of the run when the step fails for good, and how often it is tried before. */
export function Failure({ place, step, isAction }: { place: Place; step: JsonObject; isAction: boolean }): VNode | null {
  const { isReadOnly, set } = useEditing();
  const { problem, path } = useValue([...place, 'onError']);
  const words = [
    ...(isAction ? [retryWords(step.retry)] : []),
    step.onError === 'continue' ? 'then the run goes on' : 'then the run fails',
  ].join(', ');
  if (step.type === 'stop') return null;
  if (isReadOnly) return <p class="quiet">On failure: {words}.</p>;
  return (
    <Fold summary={`On failure: ${words}`} about={MEMBERS.map((name) => [...place, name])}>
      <Field label="When it fails for good" problem={problem}>
        {(told) => (
          <SelectBox
            {...told}
            data-path={path}
            value={step.onError === 'continue' ? 'continue' : 'stop'}
            onChange={(next) => set([...place, 'onError'], next === 'continue' ? 'continue' : undefined)}
          >
            <option value="stop">The run fails</option>
            <option value="continue">The run goes on behind this step</option>
          </SelectBox>
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
    </Fold>
  );
}
