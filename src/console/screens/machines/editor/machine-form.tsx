import type { VNode } from 'preact';
import type { JsonObject } from '../../../../core/json.js';
import { useAsk } from '../../../api/query.js';
import { isObject } from '../../../model/catalog.js';
import { moduleOfMachine } from '../../../model/machine.js';
import { ConditionEditor } from '../../../parts/conditions/condition-editor.js';
import { AboutDraft } from '../../../parts/drafts/about-draft.js';
import type { Draft } from '../../../parts/drafts/draft.js';
import { WholeAsJson } from '../../../parts/drafts/whole-as-json.js';
import { EditingContext, useEditing, useValue } from '../../../parts/forms/editing.js';
import { Combobox } from '../../../ui/combobox.js';
import { Disclosure } from '../../../ui/disclosure.js';
import { Field, SelectBox } from '../../../ui/field.js';
import type { MachineDetail } from '../types.js';
import { useNestedEditing } from './nested-editing.js';
import { TriggerForm } from './trigger-form.js';

const OF_RUNS = ' runs';

/** What there is about the machine as a whole: while nothing of it is chosen. */
export function MachineForm({ draft }: { draft: Draft<MachineDetail> }): VNode {
  const { definition, catalog, set } = useEditing();
  const { problem, path } = useValue(['for'], true);
  const subject = isObject(definition.for) ? definition.for : {};
  const module = moduleOfMachine(subject);
  const isOfRuns = 'integration' in subject;
  return (
    <section class="form" aria-label="The state machine">
      <h2>The state machine</h2>
      <AboutDraft draft={draft} />
      <Field label="Follows" hint="An instance for each record, or for each run of an integration." problem={problem}>
        {(told) => (
          <SelectBox
            {...told}
            data-path={path}
            value={isOfRuns ? OF_RUNS : (module ?? '')}
            onChange={(next) => set(['for'], next === OF_RUNS ? { integration: '' } : { module: next })}
          >
            {module === null && !isOfRuns && <option value="">Not chosen</option>}
            {catalog.modules.map(({ name, label }) => (
              <option key={name} value={name}>
                {label}
              </option>
            ))}
            <option value={OF_RUNS}>Runs of an integration</option>
          </SelectBox>
        )}
      </Field>
      {isOfRuns && <IntegrationField value={String(subject.integration ?? '')} />}
      {module !== null && <Start />}
      <WholeAsJson />
    </section>
  );
}

function IntegrationField({ value }: { value: string }): VNode {
  const { set } = useEditing();
  const known = useAsk<{ items: { code: string; description: string | null }[] }>('integrations', { fresh: 60_000 });
  return (
    <Field label="Integration">
      {(told) => (
        <Combobox
          {...told}
          value={value}
          options={(known.data?.items ?? []).map(({ code }) => ({ value: code, label: code }))}
          free
          data-path="for.integration"
          onChange={(integration) => set(['for'], { integration })}
        />
      )}
    </Field>
  );
}

/** What makes an instance. */
function Start(): VNode {
  const { definition, catalog, set } = useEditing();
  const nested = useNestedEditing(['start']);
  const hasStart = definition.start !== undefined;
  return (
    <div class="field-group" data-path="start">
      <label class="check">
        <input
          type="checkbox"
          checked={hasStart}
          onChange={(event) =>
            set(['start'], event.currentTarget.checked ? ({ trigger: { type: 'event' } } satisfies JsonObject) : undefined)
          }
        />
        <span>
          <span class="choice-label">Something of its own makes an instance</span>
          <small class="choice-hint">Without it the first thing that a transition out of the first state listens to.</small>
        </span>
      </label>
      {hasStart && (
        <EditingContext.Provider value={nested}>
          <TriggerForm kinds={catalog.machines.triggers.start} legend="What makes it" />
          <Disclosure summary="Only if" isOpen={nested.definition.conditions !== undefined}>
            <ConditionEditor place={['conditions']} label="Conditions of the start" />
          </Disclosure>
        </EditingContext.Provider>
      )}
    </div>
  );
}
