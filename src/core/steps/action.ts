import { compact, millisecondsOf, ObjectReader } from '../definition/object-reader.js';
import { nestedPath } from '../definition/problem-list.js';
import type { StepSite } from '../definition/step-site.js';
import type { JsonObject } from '../json.js';
import { didYouMean } from '../nearest.js';
import type { RetryPolicy } from '../retry.js';
import { durationSchema } from '../time/duration.js';
import type { StepBase } from './step.js';
import type { StepKind } from './step-kind.js';

const LONGEST_ATTEMPT = 'PT5M';
const LONGEST_FIRST_PAUSE = 'P1D';
const LONGEST_PAUSE = 'P7D';
const MOST_ATTEMPTS = 20;

/** Does something: `type` names an action of the catalog (`send_email`, `http_request`, a host's own). */
export interface ActionStep extends StepBase {
  kind: 'action';
  type: string;
  with: JsonObject;
  retry?: RetryPolicy;
  /**
   * What to do when it is unknown whether an external attempt took effect (its process died, the far side's answer never
   * came): try again with the same idempotency key (default), or fail and let a person decide.
   */
  onAmbiguous?: 'retry' | 'hold';
  /** How long one attempt may take. Default PT15S for external actions. */
  timeout?: string;
}

/** The kind of every step whose type is no flow control: the type names an action. */
export const action = {
  kind: 'action',
  about: {
    label: 'Action',
    description: 'Does something: `type` names an action of the catalogue.',
    members: {
      with: { type: 'object', description: 'Its arguments. Any text may hold templates, and a template may stand for any value.' },
      retry: {
        type: 'object',
        properties: {
          maxAttempts: { type: 'integer', minimum: 1, maximum: MOST_ATTEMPTS },
          initialInterval: durationSchema('The pause before the second attempt.'),
          multiplier: { type: 'number', minimum: 1, maximum: 10, description: 'By how much each pause is longer than the one before.' },
          maxInterval: durationSchema('The longest pause.'),
        },
        additionalProperties: false,
      },
      onAmbiguous: {
        enum: ['retry', 'hold'],
        default: 'retry',
        description: 'When it is not known whether an attempt took effect: try again, or let a person decide.',
      },
      timeout: durationSchema('How long one attempt may take.'),
    },
    required: [],
  },

  parse(site) {
    const { reader, base, type } = site;
    const args = site.optionalTemplatedObject('with') ?? {};
    const step: ActionStep = compact({
      ...base,
      kind: 'action',
      type,
      with: args,
      retry: parseRetry(reader),
      onAmbiguous: reader.choice('onAmbiguous', ['retry', 'hold'], 'retry'),
      timeout: reader.optionalDuration('timeout', LONGEST_ATTEMPT),
    });
    if (step.onAmbiguous === 'hold' && step.onError === 'continue') {
      reader.problem('onAmbiguous', '"hold" lets a person decide, and "onError": "continue" would go on without one: use one of the two.');
    }
    checkArguments(site, args);
    const { catalog } = site.about;
    return !catalog || catalog.actions.has(type) ? step : null;
  },

  reads: (step) => ({ templates: [step.with] }),

  output: (step, catalog) => catalog.actions.get(step.type)?.output ?? null,

  attempts: ({ retry, onAmbiguous }) => ({ retry, onAmbiguous }),
} satisfies StepKind<ActionStep>;

function checkArguments({ reader, about, type }: StepSite, args: JsonObject): void {
  if (!about.catalog) return;
  const description = about.catalog.actions.get(type);
  if (!description) {
    const names = [...about.catalog.actions.keys()];
    const meant = didYouMean(type, [...names, ...about.flowTypes]);
    reader.problem('type', `There is no step or action of type "${type}".${meant} Actions are: ${names.join(', ')}.`);
    return;
  }
  const path = reader.at('with');
  try {
    const problems = description.check(args, { module: about.module });
    about.problems.addAll(problems.map((problem) => ({ ...problem, path: nestedPath(path, problem.path) })));
  } catch (error) {
    // The check may be the host's own code; its fault must not keep the other problems from being told.
    about.problems.add(path, `The check of "${type}" itself failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function parseRetry(reader: ObjectReader): RetryPolicy | undefined {
  const json = reader.raw('retry');
  if (json === undefined) return undefined;
  const retry = ObjectReader.open(json, reader.at('retry'), reader.problems, 'This');
  if (!retry) return undefined;
  const policy: RetryPolicy = compact({
    maxAttempts: retry.optionalNumber('maxAttempts', { min: 1, max: MOST_ATTEMPTS }),
    initialInterval: retry.optionalDuration('initialInterval', LONGEST_FIRST_PAUSE),
    multiplier: retry.optionalNumber('multiplier', { min: 1, max: 10, fractions: true }),
    maxInterval: retry.optionalDuration('maxInterval', LONGEST_PAUSE),
  });
  const { initialInterval, maxInterval } = policy;
  if (initialInterval && maxInterval && Number(millisecondsOf(initialInterval)) > Number(millisecondsOf(maxInterval))) {
    retry.problem('maxInterval', '"maxInterval" must not be shorter than "initialInterval".');
  }
  retry.finish();
  return policy;
}
