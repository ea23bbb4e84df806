import type { VNode } from 'preact';
import { useId } from 'preact/hooks';
import type { Json, JsonObject } from '../../../../core/json.js';
import { useAsk } from '../../../api/query.js';
import type { EventItem, RunPage } from '../../../api/types.js';
import { eventWords } from '../../../model/actor-words.js';
import { type Catalog, isObject } from '../../../model/catalog.js';
import { shortId } from '../../../model/run-filter.js';
import { relativeTime } from '../../../model/time.js';
import { JsonInput } from '../../../parts/forms/json-input.js';
import { Combobox, type ComboboxOption } from '../../../ui/combobox.js';
import { type PreviewRecord, RecordPicker } from '../preview.js';

const KINDS = { record: 'A record', event: 'A past event', sample: 'A sample' } as const;

/** What a draft is tried on. What was given for one kind is kept while another is looked at. */
export interface TestSubject {
  kind: keyof typeof KINDS;
  record: PreviewRecord | null;
  eventId: string | null;
  /** Of a sample: the fields that are not made up. */
  sample: Json | undefined;
  /** As if these fields had just been changed so. */
  changes: Json | undefined;
  /** What steps see as `trigger`, of starts that are no event of the CRM. */
  trigger: Json | undefined;
}

/** Returns the subject as the API takes it; null while it is not chosen yet. */
export function subjectBody({ kind, record, eventId, sample, changes, trigger }: TestSubject): JsonObject | null {
  if (kind === 'event') return eventId === null ? null : { eventId };
  const more = { ...(isObject(changes) && { changes }), ...(isObject(trigger) && { trigger }) };
  if (kind === 'sample') return { sample: isObject(sample) ? sample : {}, ...more };
  return record === null ? null : { recordId: record.id, ...more };
}

interface SubjectFormProps {
  subject: TestSubject;
  onChange: (subject: TestSubject) => void;
  workflowId: string;
  definition: JsonObject;
  module: string | null;
  catalog: Catalog;
}

/** Chooses what a draft is tried on: a record as it is now, an event as it was, or values that nobody has. */
export function SubjectForm({ subject, onChange, workflowId, definition, module, catalog }: SubjectFormProps): VNode {
  const name = useId();
  const { kind, record, sample, changes, trigger } = subject;
  const kinds = (Object.keys(KINDS) as (keyof typeof KINDS)[]).filter((one) => one !== 'record' || module !== null);
  const put = (change: Partial<TestSubject>): void => onChange({ ...subject, ...change });
  const type = isObject(definition.trigger) ? definition.trigger.type : undefined;
  const json = (member: 'sample' | 'changes' | 'trigger', label: string, hint: string, value: Json | undefined): VNode => (
    <JsonInput
      label={label}
      hint={hint}
      value={value}
      problem={null}
      path={`test.${member}`}
      rows={3}
      onChange={(next) => put({ [member]: next })}
    />
  );
  return (
    <div class="test-subject">
      <fieldset>
        <legend class="visually-hidden">What it is tried on</legend>
        <div class="kinds">
          {kinds.map((one) => (
            <label key={one} class="kind-card">
              <input type="radio" name={name} checked={one === kind} onChange={() => put({ kind: one })} />
              <span>{KINDS[one]}</span>
            </label>
          ))}
        </div>
      </fieldset>
      {kind === 'record' && module !== null && (
        <div class="preview-picker">
          <span class="quiet">With</span>
          <RecordPicker module={module} record={record} onPick={(picked) => put({ record: picked })} />
        </div>
      )}
      {kind === 'event' && (
        <EventPicker
          workflowId={workflowId}
          module={module}
          catalog={catalog}
          eventId={subject.eventId}
          onPick={(eventId) => put({ eventId })}
        />
      )}
      {kind === 'sample' &&
        module !== null &&
        json('sample', 'Fields of the record', 'As JSON: { "source": "Web Form" }. What is left out has a value of its type.', sample)}
      {kind !== 'event' && type === 'event' && json('changes', 'What was just changed (optional)', 'As JSON: { "stage": "Won" }', changes)}
      {kind !== 'event' &&
        (type === 'manual' || type === 'webhook') &&
        json(
          'trigger',
          'What it is started with (optional)',
          type === 'manual' ? 'As JSON: { "input": { "discount": 10 } }' : 'As JSON: { "body": { … } }',
          trigger,
        )}
    </div>
  );
}

interface EventPickerProps {
  workflowId: string;
  module: string | null;
  catalog: Catalog;
  eventId: string | null;
  onPick: (eventId: string | null) => void;
}

const LATEST = 30;

/** The latest events of the module; of a workflow about none, those that it has run on. Or any other by its id. */
function EventPicker({ workflowId, module, catalog, eventId, onPick }: EventPickerProps): VNode {
  const events = useAsk<{ items: EventItem[] }>('events', { query: { module, limit: LATEST }, enabled: module !== null });
  const runs = useAsk<RunPage>('runs', { query: { workflowId, limit: LATEST }, enabled: module === null });
  const now = new Date();
  const ago = (at: string): string => relativeTime(new Date(at), now) ?? at.slice(0, 10);
  const options: ComboboxOption[] =
    module === null
      ? (runs.data?.items ?? []).flatMap((run) =>
          run.eventId === null ? [] : [{ value: run.eventId, label: run.summary, hint: ago(run.createdAt) }],
        )
      : (events.data?.items ?? []).map((event) => ({
          value: event.id,
          label: `${eventWords(event, catalog)} · ${shortId(event.recordId ?? '')}`,
          hint: ago(event.occurredAt),
        }));
  return (
    <div class="preview-picker">
      <span class="quiet">With</span>
      <Combobox
        label="Event to test with"
        value={eventId ?? ''}
        options={options}
        free
        placeholder="One of the latest, or the id of any"
        onChange={(id) => onPick(id === '' ? null : id)}
      />
    </div>
  );
}
