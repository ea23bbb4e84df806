import type { OutputShape } from '../catalog.js';
import { compact, type ObjectReader } from '../definition/object-reader.js';
import { isJsonObject, type Json } from '../json.js';
import { ASSIGNEES, readAssignees, resolveAssignees } from './assignees.js';
import { EXPIRES_IN, EXPIRY_OUTCOMES, type ExpiryOutcome, endedByExpiry, expired, expiryOf, ON_EXPIRY, readExpiresIn } from './expiry.js';
import type { StepBase } from './step.js';
import { answered, type Decision, type StepKind, unusableAnswer } from './step-kind.js';

const MOST_FORM_FIELDS = 50;
const MOST_OPTIONS = 200;

/** Waits for a person to fill in fields. */
export interface FormStep extends StepBase {
  kind: 'form';
  assignees?: string[];
  queue?: string;
  fields: FormField[];
  expiresIn?: string;
  onExpiry: ExpiryOutcome;
}

/** One field that a person fills in. */
export interface FormField {
  name: string;
  label?: string;
  type: 'text' | 'number' | 'boolean' | 'date' | 'choice';
  required?: boolean;
  options?: string[];
}

/** The shell asks these people, or those of the queue, to fill in the step's fields. */
export interface AskForForm {
  kind: 'ask_for_form';
  assignees: string[];
  queue: string | null;
}

export const form = {
  kind: 'form',
  about: {
    label: 'Form',
    description: 'Waits for a person to fill in fields.',
    members: {
      assignees: ASSIGNEES,
      queue: { type: 'string', minLength: 1, maxLength: 100 },
      fields: {
        type: 'array',
        minItems: 1,
        maxItems: MOST_FORM_FIELDS,
        items: {
          type: 'object',
          properties: {
            name: { type: 'string', maxLength: 64, pattern: '^[A-Za-z][A-Za-z0-9_]*$' },
            label: { type: 'string' },
            type: { enum: ['text', 'number', 'boolean', 'date', 'choice'] },
            required: { type: 'boolean', default: false },
            options: { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: MOST_OPTIONS, description: 'Of a choice.' },
          },
          required: ['name', 'type'],
          additionalProperties: false,
        },
      },
      expiresIn: EXPIRES_IN,
      onExpiry: ON_EXPIRY,
    },
    required: ['fields'],
    rules: { anyOf: [{ required: ['assignees'] }, { required: ['queue'] }] },
  },

  parse(site) {
    const { reader } = site;
    const names = new Set<string>();
    const step: FormStep = compact({
      ...site.base,
      kind: 'form',
      assignees: readAssignees(site),
      queue: reader.optionalText('queue', { max: 100 }),
      fields: site.objects('fields', { min: 1, max: MOST_FORM_FIELDS }).map((field) => parseField(field, names)),
      expiresIn: readExpiresIn(reader),
      onExpiry: reader.choice('onExpiry', EXPIRY_OUTCOMES, 'fail'),
    });
    if (!reader.has('assignees') && !reader.has('queue')) reader.problems.add(reader.path, 'A form needs "assignees" or a "queue".');
    return step;
  },

  reads: (step) => ({ templates: [step.assignees] }),

  output: (step) => ({ values: shapeOf(step.fields), by: 'json', expired: 'boolean' }),

  decide(step, scope, now): Decision<AskForForm> {
    const asked = { assignees: resolveAssignees(step.assignees ?? [], scope), queue: step.queue ?? null };
    return {
      status: 'waiting',
      input: asked,
      output: null,
      wakeAt: expiryOf(step, scope, now),
      effect: { kind: 'ask_for_form', ...asked },
    };
  },

  failed: endedByExpiry,

  wait: {
    reason: 'form' as const,
    expire: (step) => (step.onExpiry === 'continue' ? answered({ values: {}, by: null, expired: true }) : expired(step)),
    /** `{ values: { <field>: <value> }, by? }` */
    answer(step, { values, by = null }) {
      if (!isJsonObject(values)) return unusableAnswer(step, 'no object of values');
      // A field that was left empty reads as null, so that templates need not know which were.
      const filled = Object.fromEntries(step.fields.map(({ name }) => [name, Object.hasOwn(values, name) ? values[name] : null]));
      return answered({ values: filled, by, expired: false });
    },
    sample: (step) => ({ values: Object.fromEntries(step.fields.map((field) => [field.name, sampleValue(field)])) }),
  },
} satisfies StepKind<FormStep>;

function sampleValue({ name, label, type, options }: FormField): Json {
  switch (type) {
    case 'choice':
      return options?.[0] ?? null;
    case 'number':
      return 1;
    case 'boolean':
      return true;
    case 'date':
      return '2030-01-31';
    default:
      return `Sample ${label ?? name}`;
  }
}

function parseField(reader: ObjectReader, names: Set<string>): FormField {
  const name = reader.text('name', {
    max: 64,
    pattern: { regex: /^[A-Za-z][A-Za-z0-9_]*$/, wanted: 'made of letters, digits and "_", starting with a letter' },
  });
  if (name !== '' && names.has(name)) reader.problem('name', `Another field of this form is called "${name}".`);
  names.add(name);
  if (!reader.has('type')) reader.problem('type', '"type" is missing.');
  const field = compact({
    name,
    label: reader.optionalText('label'),
    type: reader.choice('type', ['text', 'number', 'boolean', 'date', 'choice'], 'text'),
    required: reader.flag('required', false),
    options: reader.optionalTexts('options', { min: 1, max: MOST_OPTIONS }),
  });
  if (field.type === 'choice' && !reader.has('options')) reader.problem('options', 'A choice needs "options".');
  if (field.type !== 'choice' && reader.has('options')) reader.problem('options', 'Only a choice has "options".');
  reader.finish();
  return field;
}

function shapeOf(fields: readonly FormField[]): OutputShape {
  return Object.fromEntries(fields.map(({ name, type }) => [name, type === 'choice' ? 'text' : type]));
}
