import type { VNode } from 'preact';
import { useId } from 'preact/hooks';
import type { Json, JsonObject } from '../../../core/json.js';
import { isObject, moduleOf } from '../../model/catalog.js';
import { useEditing, useValue } from '../../parts/forms/editing.js';
import { SchemaForm } from '../../parts/forms/schema-form.js';
import { EventDetails, EventSelect } from '../../parts/triggers/event-fields.js';
import { NextTimes } from '../../parts/triggers/next-times.js';
import { Field, SelectBox } from '../../ui/field.js';
import { DateForm } from './when-date.js';

const TRIGGER = ['trigger'];

/** What starts the workflow, as a form. */
export function WhenForm(): VNode {
  const { catalog, set } = useEditing();
  const { value } = useValue(TRIGGER);
  const trigger: JsonObject = isObject(value) ? value : {};
  const name = useId();
  const kinds = catalog.triggers.filter(({ executable, type }) => executable || type === trigger.type);
  const choose = (type: string): void => {
    const { module } = trigger;
    const hasModule = type === 'event' || type === 'date' || type === 'manual';
    const start: JsonObject = type === 'schedule' ? { cron: '0 9 * * MON-FRI', timezone: catalog.timezone } : {};
    set(TRIGGER, { type, ...(hasModule && module !== undefined && { module }), ...start });
  };
  return (
    <div class="form">
      <fieldset>
        <legend class="visually-hidden">What starts it</legend>
        <div class="kinds">
          {kinds.map(({ type, label }) => (
            <label key={type} class="kind-card">
              <input type="radio" name={name} data-path="trigger.type" checked={type === trigger.type} onChange={() => choose(type)} />
              <span>{label}</span>
            </label>
          ))}
        </div>
      </fieldset>
      <KindForm trigger={trigger} />
    </div>
  );
}

function KindForm({ trigger }: { trigger: JsonObject }): VNode | null {
  const { catalog } = useEditing();
  const schema = catalog.triggers.find(({ type }) => type === trigger.type)?.schema;
  if (trigger.type === 'event') {
    const module = moduleOf(catalog, trigger.module);
    return (
      <>
        <div class="two">
          <ModuleSelect value={trigger.module} />
          <EventSelect place={TRIGGER} module={module} />
        </div>
        <EventDetails place={TRIGGER} module={module} />
      </>
    );
  }
  if (trigger.type === 'date') return <DateForm trigger={trigger} module={<ModuleSelect value={trigger.module} />} />;
  if (schema === undefined) return null;
  const isManual = trigger.type === 'manual';
  return (
    <>
      <SchemaForm key={String(trigger.type)} schema={schema} place={TRIGGER} leaveOut={isManual ? ['type', 'module'] : ['type']} />
      {trigger.type === 'schedule' && <NextTimes cron={trigger.cron} timezone={trigger.timezone} />}
      {isManual && <ModuleSelect value={trigger.module} optional />}
    </>
  );
}

function ModuleSelect({ value, optional = false }: { value: Json | undefined; optional?: boolean }): VNode {
  const { catalog, set } = useEditing();
  const place = [...TRIGGER, 'module'];
  const { problem, path } = useValue(place);
  return (
    <Field label={optional ? 'On records of' : 'Module'} problem={problem}>
      {(told) => (
        <SelectBox
          {...told}
          data-path={path}
          value={typeof value === 'string' ? value : ''}
          onChange={(module) => set(place, module || undefined)}
        >
          <option value="">{optional ? 'No record' : 'Choose a module'}</option>
          {catalog.modules.map(({ name, label }) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </SelectBox>
      )}
    </Field>
  );
}
