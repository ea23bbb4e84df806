import type { VNode } from 'preact';
import { useEffect, useId, useState } from 'preact/hooks';
import type { Json, JsonObject } from '../../../core/json.js';
import { call } from '../../api/client.js';
import { isObject, moduleOf } from '../../model/catalog.js';
import { DURATION_UNITS, type DurationUnit, durationOf, durationParts } from '../../model/time.js';
import { useEditing, useValue } from '../../parts/forms/editing.js';
import { Texts } from '../../parts/forms/lists.js';
import { SchemaForm } from '../../parts/forms/schema-form.js';
import { suggestionsFor } from '../../parts/forms/suggestions.js';
import { Field, Select } from '../../ui/field.js';
import { Icon } from '../../ui/icon.js';

const TRIGGER = ['trigger'];

/** What starts the workflow, as a form. */
export function WhenForm(): VNode {
  const { catalog, set } = useEditing();
  const { value } = useValue(TRIGGER);
  const trigger: JsonObject = isObject(value) ? value : {};
  const name = useId();
  const kinds = catalog.triggers.filter(({ executable, type }) => executable || type === trigger.type);
  const schema = kinds.find(({ type }) => type === trigger.type)?.schema;
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
      {trigger.type === 'event' && <EventForm trigger={trigger} />}
      {trigger.type === 'date' && <DateForm trigger={trigger} />}
      {trigger.type === 'schedule' && schema && (
        <>
          <SchemaForm schema={schema} place={TRIGGER} leaveOut={['type']} />
          <NextTimes cron={trigger.cron} timezone={trigger.timezone} />
        </>
      )}
      {!['event', 'date', 'schedule'].includes(String(trigger.type)) && schema && (
        <SchemaForm
          key={String(trigger.type)}
          schema={schema}
          place={TRIGGER}
          leaveOut={['type', ...(trigger.type === 'manual' ? ['module'] : [])]}
        />
      )}
      {trigger.type === 'manual' && <ModuleSelect value={trigger.module} optional />}
    </div>
  );
}

function ModuleSelect({ value, optional = false }: { value: Json | undefined; optional?: boolean }): VNode {
  const { catalog, set } = useEditing();
  const { problem, path } = useValue(['trigger', 'module']);
  return (
    <Field label={optional ? 'On records of' : 'Module'} problem={problem}>
      {(told) => (
        <span class="select-place">
          <select
            {...told}
            class="select"
            data-path={path}
            value={typeof value === 'string' ? value : ''}
            onChange={(event) => set(['trigger', 'module'], event.currentTarget.value || undefined)}
          >
            <option value="">{optional ? 'No record' : 'Choose a module'}</option>
            {catalog.modules.map(({ name, label }) => (
              <option key={name} value={name}>
                {label}
              </option>
            ))}
          </select>
          <Icon name="down" size={12} />
        </span>
      )}
    </Field>
  );
}

function EventForm({ trigger }: { trigger: JsonObject }): VNode {
  const editing = useEditing();
  const { catalog, set } = editing;
  const event = useValue(['trigger', 'event']);
  const module = moduleOf(catalog, trigger.module);
  const events = [
    ...(module?.events ?? []),
    ...(module?.events.some(({ name }) => name === 'deleted')
      ? []
      : [{ name: 'deleted', label: 'Deleted', rule: { on: 'deleted' as const } }]),
  ];
  const rule = events.find(({ name }) => name === trigger.event)?.rule;
  const watched = rule?.on === 'changed' ? module?.fields.find(({ name }) => name === rule.field) : undefined;
  const stages = watched?.options ?? (watched && watched.name === module?.stageField ? (module?.stages ?? []) : []);
  return (
    <>
      <div class="two">
        <ModuleSelect value={trigger.module} />
        <Field label="Event" problem={event.problem}>
          {(told) => (
            <span class="select-place">
              <select
                {...told}
                class="select"
                data-path={event.path}
                value={typeof trigger.event === 'string' ? trigger.event : ''}
                onChange={({ currentTarget: { value } }) =>
                  set(TRIGGER, {
                    type: 'event',
                    ...(trigger.module !== undefined && { module: trigger.module }),
                    ...(value !== '' && { event: value }),
                  })
                }
              >
                <option value="">{module ? 'Choose an event' : 'Choose a module first'}</option>
                {module &&
                  events.map(({ name, label }) => (
                    <option key={name} value={name}>
                      {label}
                    </option>
                  ))}
              </select>
              <Icon name="down" size={12} />
            </span>
          )}
        </Field>
      </div>
      {rule?.on === 'updated' && (
        <ListField
          name="fields"
          label="Only when one of these changed (optional)"
          suggestions={suggestionsFor('fields', { catalog, module: module?.name ?? null })}
        />
      )}
      {rule?.on === 'changed' && (
        <div class="two">
          <ListField
            name="from"
            label={`${watched?.label ?? 'Value'} before (optional)`}
            suggestions={stages.map((value) => ({ value, label: value }))}
          />
          <ListField
            name="to"
            label={`${watched?.label ?? 'Value'} after (optional)`}
            suggestions={stages.map((value) => ({ value, label: value }))}
          />
        </div>
      )}
    </>
  );
}

function ListField({ name, label, suggestions }: { name: string; label: string; suggestions: { value: string; label: string }[] }): VNode {
  const { set } = useEditing();
  const { value, problem, path } = useValue(['trigger', name], true);
  return (
    <Field label={label} problem={problem}>
      {(told) => <Texts {...told} value={value} path={path} suggestions={suggestions} onChange={(next) => set(['trigger', name], next)} />}
    </Field>
  );
}

/** So long before or after a date of the record. */
function DateForm({ trigger }: { trigger: JsonObject }): VNode {
  const editing = useEditing();
  const { catalog, set } = editing;
  const field = useValue(['trigger', 'field']);
  const offset = useValue(['trigger', 'offset']);
  const at = useValue(['trigger', 'at']);
  const module = moduleOf(catalog, trigger.module);
  const dates = suggestionsFor('untilField', { catalog, module: module?.name ?? null });
  const parts = durationParts(typeof trigger.offset === 'string' ? trigger.offset : 'P0D');
  const [part = { count: 0, unit: 'day' as DurationUnit }] = parts?.parts ?? [];
  const side = parts?.isNegative ? 'before' : 'after';
  const put = (count: number, unit: DurationUnit, isBefore: boolean): void =>
    set(['trigger', 'offset'], durationOf(count, unit, isBefore && count > 0));
  return (
    <>
      <div class="two">
        <ModuleSelect value={trigger.module} />
        <Field label="Date" problem={field.problem}>
          {(told) => (
            <span class="select-place">
              <select
                {...told}
                class="select"
                data-path={field.path}
                value={typeof trigger.field === 'string' ? trigger.field : ''}
                onChange={({ currentTarget }) =>
                  set(TRIGGER, { ...trigger, field: currentTarget.value || undefined, offset: trigger.offset ?? 'P0D' })
                }
              >
                <option value="">{module ? 'Choose a date' : 'Choose a module first'}</option>
                {dates.map(({ value, label }) => (
                  <option key={value} value={value}>
                    {label}
                  </option>
                ))}
              </select>
              <Icon name="down" size={12} />
            </span>
          )}
        </Field>
      </div>
      <div class="two">
        <Field label="How long from it" problem={offset.problem}>
          {(told) => (
            <span class="condition-parts">
              <input
                {...told}
                type="number"
                class="input numbers"
                min={0}
                data-path={offset.path}
                value={part.count}
                onInput={(event) => {
                  const count = event.currentTarget.valueAsNumber;
                  if (Number.isInteger(count) && count >= 0) put(count, part.unit, side === 'before');
                }}
              />
              <Select
                label="Unit"
                value={part.unit}
                options={DURATION_UNITS.filter((unit) => unit !== 'second').map((unit) => ({ value: unit, label: `${unit}s` }))}
                onChange={(unit) => put(part.count, unit as DurationUnit, side === 'before')}
              />
              <Select
                label="Before or after"
                value={side}
                options={[
                  { value: 'before', label: 'before' },
                  { value: 'after', label: 'after' },
                ]}
                onChange={(next) => put(part.count === 0 ? 1 : part.count, part.unit, next === 'before')}
              />
            </span>
          )}
        </Field>
        <Field label="At (optional)" problem={at.problem} hint={`In ${String(trigger.timezone ?? catalog.timezone)}`}>
          {(told) => (
            <input
              {...told}
              type="time"
              class="input"
              data-path={at.path}
              value={typeof trigger.at === 'string' ? trigger.at : ''}
              onInput={(event) => set(['trigger', 'at'], event.currentTarget.value || undefined)}
            />
          )}
        </Field>
      </div>
    </>
  );
}

const PAUSE_MS = 400;

/** The next five times of a schedule, in words. */
function NextTimes({ cron, timezone }: { cron: Json | undefined; timezone: Json | undefined }): VNode | null {
  const [next, setNext] = useState<{ at: string; words: string }[]>([]);
  useEffect(() => {
    if (typeof cron !== 'string' || typeof timezone !== 'string' || cron === '' || timezone === '') return;
    const leaving = new AbortController();
    const timer = setTimeout(() => {
      call<{ next: { at: string; words: string }[] }>('POST', 'schedules/preview', { body: { cron, timezone }, signal: leaving.signal })
        .then((answer) => setNext(answer.next))
        // What is wrong with it is told as a problem of the draft.
        .catch(() => setNext([]));
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      leaving.abort();
    };
  }, [cron, timezone]);
  if (next.length === 0) return null;
  return (
    <div>
      <h3>Next times</h3>
      <ul class="times">
        {next.map(({ at, words }) => (
          <li key={at}>{words}</li>
        ))}
      </ul>
    </div>
  );
}
