import { TEMPLATE_HELPERS } from './helpers.js';

/** A function of the template language, as a catalogue shows it. */
export interface HelperDescription {
  name: string;
  description: string;
  /** How many values it takes, at least and at most. */
  values: [number, number];
  /** Names of its options: `{{date record.due format="d LLL"}}`. */
  options: string[];
  example: string;
}

/** A variable of templates and conditions, as a catalogue shows it. */
export interface RootDescription {
  name: string;
  description: string;
}

const HELPER_NOTES: Readonly<Record<string, readonly [description: string, example: string]>> = {
  date: ['A date or a time as people write it.', '{{date record.dueAt format="d LLL yyyy"}}'],
  number: ['A number with the separators of a language.', '{{number record.score decimals=1}}'],
  money: ['An amount in a currency.', '{{money record.amount currency="EUR"}}'],
  default: ['The first value, or the second where that is empty.', '{{default record.name "there"}}'],
  upper: ['A text in upper case.', '{{upper record.code}}'],
  lower: ['A text in lower case.', '{{lower record.email}}'],
  url: ['A value as a part of a URL.', 'https://crm.test/leads/{{url record.id}}'],
  eq: ['Whether two values are equal.', '{{#if (eq record.stage "Won")}}…{{/if}}'],
  ne: ['Whether two values differ.', '{{#if (ne record.stage "Won")}}…{{/if}}'],
  gt: ['Whether the first is greater.', '{{#if (gt record.amount 1000)}}…{{/if}}'],
  lt: ['Whether the first is less.', '{{#if (lt record.amount 1000)}}…{{/if}}'],
  and: ['Whether all hold.', '{{#if (and record.email record.optIn)}}…{{/if}}'],
  or: ['Whether one holds.', '{{#if (or record.phone record.mobile)}}…{{/if}}'],
  not: ['Whether it does not hold.', '{{#if (not record.ownerId)}}…{{/if}}'],
};

/** The variables beside the fields of the record, which need no name before them. */
export const TEMPLATE_ROOTS: readonly RootDescription[] = [
  { name: 'record', description: 'The record the run is about, as it is now. Its fields need no name before them.' },
  { name: 'previous', description: 'The record before the event.' },
  { name: 'changes', description: 'What the event changed: `changes.stage.from`.' },
  { name: 'trigger', description: 'What started the run: `trigger.input`, or body, headers and query of a call.' },
  {
    name: 'context',
    description: "What steps before have extracted: `context.score`; and the workflow's own values, which outlive its runs.",
  },
  { name: 'steps', description: 'What finished steps left: `steps.lookup.output.id`.' },
  { name: 'machine', description: 'Where the record stands in a state machine, by its code: `machine.orders.state`, `since`.' },
  { name: 'actor', description: 'Who caused the event: `actor.name`.' },
  { name: 'workflow', description: 'The workflow: `workflow.name`.' },
  { name: 'run', description: 'The run: `run.id`, `run.startedAt`.' },
  { name: 'now', description: 'When the step began; the same for every attempt.' },
  { name: 'uuid', description: 'A new id wherever it stands; the same ones for every attempt of the step.' },
  { name: 'item', description: 'Inside a loop: the item.' },
  { name: 'index', description: 'Inside a loop: its place, from 0.' },
];

/** Every function of the template language. */
export function describeHelpers(): HelperDescription[] {
  return [...TEMPLATE_HELPERS].map(
    ([
      name,
      {
        values: [least, most],
        options,
        positional,
      },
    ]) => {
      const [description, example] = HELPER_NOTES[name] as readonly [string, string];
      return { name, description, values: [least, most], options: [...new Set([...positional, ...Object.keys(options)])], example };
    },
  );
}
