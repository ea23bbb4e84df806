import { compact } from '../definition/object-reader.js';
import type { StepSite } from '../definition/step-site.js';
import { AutomationError } from '../errors.js';
import { didYouMean } from '../nearest.js';
import { resolvePath, type Scope } from '../scope.js';
import { compileTemplate } from '../template/template.js';
import { WEEKDAYS } from '../time/calendar.js';
import { parseDate, readMoment } from '../time/dates.js';
import { addDuration, type Duration, durationMistake, durationSchema, leastMs, parseDuration } from '../time/duration.js';
import { LONGEST_WAIT } from './expiry.js';
import { ONE_EXPRESSION } from './expression.js';
import type { StepBase } from './step.js';
import { answered, type StepKind } from './step-kind.js';

/** Waits: for a duration, until a moment, or until a date field's value. Exactly one of the three. */
export interface DelayStep extends StepBase {
  kind: 'delay';
  for?: string;
  /**
   * An ISO 8601 date-time or date, or one expression that yields one; without an offset it is in the workspace's zone. A
   * moment in the past does not wait.
   */
  until?: string;
  /** A date field of the record. */
  untilField?: string;
  /** How long after that date; with a minus, before it. */
  offset?: string;
  /** Ends in working hours of the workspace: what would end outside of them goes on until they begin. */
  businessHours?: true;
}

export const delay = {
  kind: 'delay',
  about: {
    label: 'Delay',
    description: 'Waits for a time, until a moment, or until a date of the record.',
    members: {
      for: durationSchema('For so long.'),
      until: {
        type: 'string',
        maxLength: 1_000,
        description: 'A date or a date and time, or one expression that yields one.',
        examples: ['2030-01-31T09:00'],
      },
      untilField: { type: 'string', maxLength: 200, 'x-control': 'field', description: 'A field of type date or datetime of the record.' },
      offset: {
        type: 'string',
        description: 'How long after the date of `untilField`; with a minus, before it.',
        examples: ['PT2H', '-P3D', '-P2BD'],
      },
      businessHours: { type: 'boolean', default: false, description: 'Ends in the working hours of the workspace.' },
    },
    required: [],
    rules: {
      oneOf: [{ required: ['for'] }, { required: ['until'] }, { required: ['untilField'] }],
      dependentRequired: { offset: ['untilField'] },
    },
  },

  parse(site) {
    const { reader } = site;
    const step: DelayStep = compact({
      ...site.base,
      kind: 'delay',
      for: reader.optionalDuration('for', LONGEST_WAIT),
      until: parseUntil(site),
      untilField: reader.optionalText('untilField'),
      offset: parseOffset(site),
      businessHours: reader.flag('businessHours', false) || undefined,
    });
    const given = ['for', 'until', 'untilField'].filter((key) => reader.has(key));
    if (given.length !== 1) reader.problems.add(reader.path, 'A delay needs exactly one of "for", "until" and "untilField".');
    if (step.untilField !== undefined) checkDateField(site, step.untilField);
    return step;
  },

  reads: (step) => ({ templates: [step.until] }),

  output: () => ({}),

  takes: (step) => ({ ms: step.for === undefined ? 0 : leastMs(parseDuration(step.for) as Duration), member: 'for' }),

  decide(step, scope, now) {
    const end = delayEnd(step, scope, now);
    const at = step.businessHours ? (scope.calendar ?? WEEKDAYS).nextWorkingMoment(end.getTime()) : end;
    const until = new Date(at).toISOString();
    return { status: 'waiting', input: { until }, output: null, wakeAt: until };
  },

  wait: { reason: 'delay' as const, expire: () => answered({}) },
} satisfies StepKind<DelayStep>;

function parseOffset({ reader }: StepSite): string | undefined {
  const offset = reader.optionalText('offset');
  if (offset === undefined) return undefined;
  const mistake = durationMistake(offset, 'PT2H or -P3D');
  if (mistake !== null) reader.problem('offset', `"offset" ${mistake}.`);
  else if (!reader.has('untilField')) reader.problem('offset', '"offset" goes with "untilField".');
  else return offset;
  return undefined;
}

function parseUntil(site: StepSite): string | undefined {
  const until = site.optionalTemplatedText('until', { max: 1_000 });
  if (until === undefined || ONE_EXPRESSION.pattern.regex.test(until) || parseDate(until) !== null) return until;
  site.reader.problem('until', '"until" must be a date and time, such as 2030-01-31T09:00 or 2030-01-31T09:00:00Z, or one expression.');
  return undefined;
}

function checkDateField(site: StepSite, name: string): void {
  const { about, reader } = site;
  if (about.moduleName === null) reader.problem('untilField', 'This workflow is about no module, so that there is no record with a date.');
  // A module that the catalog does not know is a problem of the trigger's.
  if (!about.module) return;
  const field = about.module.fields.find((one) => one.name === name);
  if (!field)
    reader.problem(
      'untilField',
      `Module "${about.module.name}" has no field "${name}".${didYouMean(
        name,
        about.module.fields.map((one) => one.name),
      )}`,
    );
  else if (field.type !== 'date' && field.type !== 'datetime') reader.problem('untilField', `"${name}" is not a date.`);
}

/** When a delay is over; a moment in the past is over at once. */
function delayEnd(step: DelayStep, scope: Scope, now: Date): Date {
  if (step.for !== undefined) {
    const duration = parseDuration(step.for);
    if (duration) return addDuration(now, duration, scope.timezone, scope.calendar);
    throw new AutomationError('delay_invalid', `'${step.for}' is not an ISO 8601 duration.`);
  }
  const source = step.untilField ?? step.until ?? '';
  const value = step.untilField === undefined ? compileTemplate(source).value(scope) : (resolvePath(scope, source) ?? null);
  const at = readMoment(value, scope.timezone);
  if (at === null) {
    throw new AutomationError('delay_invalid', `The delay is to end at '${source}', which holds ${JSON.stringify(value)} and no date.`, {
      hint: 'Fill in the date on the record, then retry; or give the workflow a branch for records without one.',
    });
  }
  return step.offset === undefined ? at : addDuration(at, parseDuration(step.offset) as Duration, scope.timezone, scope.calendar);
}
