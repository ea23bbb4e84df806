import type { VNode } from 'preact';
import { useId } from 'preact/hooks';
import type { JsonObject } from '../../../../core/json.js';
import { type CatalogTrigger, isObject, moduleOf } from '../../../model/catalog.js';
import type { Place } from '../../../model/json-path.js';
import { useEditing, useValue } from '../../../parts/forms/editing.js';
import { SchemaForm } from '../../../parts/forms/schema-form.js';
import { EventDetails, EventSelect } from '../../../parts/triggers/event-fields.js';
import { NextTimes } from '../../../parts/triggers/next-times.js';

const PLACE: Place = ['trigger'];

/** What fires a transition, or begins an instance: one of the kinds that the catalogue tells. */
export function TriggerForm({ kinds, legend }: { kinds: readonly CatalogTrigger[]; legend: string }): VNode {
  const { catalog, module, set } = useEditing();
  const { value, problem, path } = useValue(PLACE);
  const trigger: JsonObject = isObject(value) ? value : {};
  const name = useId();
  const kind = kinds.find(({ type }) => type === trigger.type);
  const choose = (type: string): void => {
    const times: JsonObject = type === 'poll' ? { cron: '0 * * * *', timezone: catalog.timezone } : {};
    set(PLACE, { type, ...times });
  };
  // Of a machine for records an event is one of its module.
  const isRecordEvent = trigger.type === 'event' && module !== null;
  return (
    <div class="form" data-path={path}>
      <fieldset>
        <legend class="machine-legend">{legend}</legend>
        <div class="kinds">
          {kinds.map(({ type, label }) => (
            <label key={type} class="kind-card">
              <input type="radio" name={name} data-path={`${path}.type`} checked={type === trigger.type} onChange={() => choose(type)} />
              <span>{label}</span>
            </label>
          ))}
        </div>
      </fieldset>
      {kind && <p class="quiet">{kind.description}</p>}
      {problem && <p class="field-problem">{problem}</p>}
      {isRecordEvent && (
        <>
          <EventSelect place={PLACE} module={moduleOf(catalog, module)} />
          <EventDetails place={PLACE} module={moduleOf(catalog, module)} />
        </>
      )}
      {kind && !isRecordEvent && <SchemaForm key={kind.type} schema={kind.schema} place={PLACE} leaveOut={['type']} />}
      {trigger.type === 'poll' && <NextTimes cron={trigger.cron} timezone={trigger.timezone} />}
    </div>
  );
}
