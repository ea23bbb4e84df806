import type { JsonObject } from '../json.js';
import { compact, millisecondsOf, ObjectReader } from './object-reader.js';
import { nestedPath } from './problem-list.js';
import type { StepSite } from './step-site.js';
import type { ActionStep, RetryPolicy } from './types.js';

const LONGEST_ATTEMPT = 'PT5M';
const LONGEST_FIRST_PAUSE = 'P1D';
const LONGEST_PAUSE = 'P7D';
const MOST_ATTEMPTS = 20;

/** Reads a step whose type is no flow control: the type names an action. */
export function parseActionStep(site: StepSite, type: string): ActionStep {
  const { reader, base } = site;
  const args = site.optionalTemplatedObject('with') ?? {};
  const step: ActionStep = compact({
    ...base,
    kind: 'action' as const,
    type,
    with: args,
    retry: parseRetry(reader),
    onAmbiguous: reader.choice('onAmbiguous', ['retry', 'hold'], 'retry'),
    timeout: reader.optionalDuration('timeout', LONGEST_ATTEMPT),
  });
  if (step.onAmbiguous === 'hold' && step.onError === 'continue') {
    reader.problem('onAmbiguous', '"hold" lets a person decide, and "onError": "continue" would go on without one: use one of the two.');
  }
  checkArguments(site, type, args);
  return step;
}

function checkArguments(site: StepSite, type: string, args: JsonObject): void {
  const { reader, about } = site;
  if (!about.catalog) return;
  const action = about.catalog.actions.get(type);
  if (!action) {
    reader.problem('type', `There is no step or action of type "${type}". Actions are: ${[...about.catalog.actions.keys()].join(', ')}.`);
    return;
  }
  const path = reader.at('with');
  try {
    const problems = action.check(args, { module: about.module });
    about.problems.addAll(problems.map((problem) => ({ path: nestedPath(path, problem.path), message: problem.message })));
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
