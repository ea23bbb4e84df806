import { compact } from '../definition/object-reader.js';
import { cancelled, failure } from '../plan/flow.js';
import { compileTemplate } from '../template/template.js';
import { LONG_TEXT, type StepBase } from './step.js';
import { decided, type StepKind } from './step-kind.js';

/** The code of a run that a step has ended on purpose. */
const STOPPED = 'stopped';

/** Ends the run here. */
export interface StopStep extends StepBase {
  kind: 'stop';
  outcome: 'succeeded' | 'failed' | 'cancelled';
  /** Why, for people; may hold templates. */
  message?: string;
}

export const stop = {
  kind: 'stop',

  parse: (site) =>
    compact({
      ...site.base,
      kind: 'stop' as const,
      outcome: site.reader.choice('outcome', ['succeeded', 'failed', 'cancelled'], 'succeeded'),
      message: site.optionalTemplatedText('message', { max: LONG_TEXT }),
    }),

  reads: (step) => ({ templates: [step.message] }),

  output: () => ({ outcome: 'text', message: 'text' }),

  decide(step, scope) {
    const message = step.message === undefined ? null : compileTemplate(step.message).render(scope);
    return decided({ outcome: step.outcome, message }, null);
  },

  proceed(step, { path, output }) {
    if (step.outcome === 'succeeded') return { outcome: { status: 'succeeded' }, catchable: false };
    const message = typeof output.message === 'string' ? output.message : null;
    if (step.outcome === 'cancelled') return cancelled(path, STOPPED, message);
    return failure(path, false, { code: STOPPED, message: message ?? `Step "${step.id}" ended the run as failed.` });
  },
} satisfies StepKind<StopStep>;
