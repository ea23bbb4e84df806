import type { OutputShape } from '../catalog.js';
import { compact } from '../definition/object-reader.js';
import { isJsonObject } from '../json.js';
import { answerType, type FormField } from '../people/form-field.js';
import { ASKING, type AskingStep, type AskPeople, ask, askingReads, readAsking } from './asking.js';
import { SOMEBODY } from './assignees.js';
import { EXPIRY_OUTCOMES, type ExpiryOutcome, endedByExpiry, expired, ON_EXPIRY } from './expiry.js';
import { FIELDS, readFormFields, sampleAnswer } from './form-fields.js';
import { answered, type Decision, type StepKind, unusableAnswer } from './step-kind.js';

/**
 * What a form is for. To the run all are the same, values that a person gives; to people a review is something to look at,
 * and a hand-off something to take over, which may need no values at all.
 */
const PURPOSES = ['form', 'review', 'hand_off'] as const;
const LABELS = { form: 'Form', review: 'Review', hand_off: 'Hand-off' } as const;

/** Waits for a person to fill in fields. */
export interface FormStep extends AskingStep {
  kind: 'form';
  /** Default `form`. */
  purpose?: (typeof PURPOSES)[number];
  fields: FormField[];
  onExpiry: ExpiryOutcome;
}

export const form = {
  kind: 'form',
  about: {
    label: 'Form',
    description: 'Waits for a person to fill in fields, to look at something, or to take it over.',
    members: {
      ...ASKING,
      purpose: {
        enum: [...PURPOSES],
        default: 'form',
        description: 'What people see it as. A review and a hand-off need no fields.',
      },
      fields: FIELDS,
      onExpiry: ON_EXPIRY,
    },
    required: [],
    rules: {
      allOf: [
        SOMEBODY,
        { anyOf: [{ required: ['fields'] }, { properties: { purpose: { enum: ['review', 'hand_off'] } }, required: ['purpose'] }] },
      ],
    },
  },

  parse(site) {
    const { reader } = site;
    const purpose = reader.has('purpose') ? reader.choice('purpose', PURPOSES, 'form') : undefined;
    return compact({
      ...site.base,
      kind: 'form' as const,
      ...readAsking(site, 'A form'),
      purpose,
      fields: readFormFields(site, (purpose ?? 'form') === 'form' ? 1 : 0),
      onExpiry: reader.choice('onExpiry', EXPIRY_OUTCOMES, 'fail'),
    });
  },

  reads: (step) => ({ templates: [...askingReads(step), ...step.fields.map((field) => field.default)] }),

  output: (step) => ({ values: shapeOf(step.fields), by: 'json', comment: 'text', door: 'text', expired: 'boolean' }),

  decide: (step, scope, now): Decision<AskPeople> => {
    const task = step.purpose ?? 'form';
    return ask(step, scope, now, { task, label: LABELS[task], fields: step.fields });
  },

  failed: endedByExpiry,

  wait: {
    reason: 'form' as const,
    expire: (step) =>
      step.onExpiry === 'continue' ? answered({ values: {}, by: null, comment: null, door: null, expired: true }) : expired(step),
    /** `{ values: { <field>: <value> }, by?, comment?, door? }` */
    answer(step, { values, by = null, comment = null, door = null }) {
      if (!isJsonObject(values)) return unusableAnswer(step, 'no object of values');
      // A field that was left empty reads as null, so that templates need not know which were.
      const filled = Object.fromEntries(step.fields.map(({ name }) => [name, Object.hasOwn(values, name) ? values[name] : null]));
      return answered({ values: filled, by, comment, door, expired: false });
    },
    sample: (step) => ({ values: Object.fromEntries(step.fields.map((field) => [field.name, sampleAnswer(field)])) }),
  },
} satisfies StepKind<FormStep>;

function shapeOf(fields: readonly FormField[]): OutputShape {
  return Object.fromEntries(fields.map((field) => [field.name, answerType(field)]));
}
