import { compact } from '../definition/object-reader.js';
import type { JsonObject } from '../json.js';
import { cancelled, failure } from '../plan/flow.js';
import { compileTemplate, renderJson } from '../template/template.js';
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
  /** What the run leaves as its output; texts may hold templates. */
  output?: JsonObject;
}

const OUTCOMES = ['succeeded', 'failed', 'cancelled'] as const;

export const stop = {
  kind: 'stop',
  about: {
    label: 'Stop',
    description: 'Ends the run here.',
    members: {
      outcome: { enum: [...OUTCOMES], default: 'succeeded' },
      message: { type: 'string', minLength: 1, maxLength: LONG_TEXT, description: 'Why, for people; may hold templates.' },
      output: {
        type: 'object',
        description: 'What the run leaves as its output; texts may hold templates. Default: what its last step left.',
      },
    },
    required: [],
  },

  parse: (site) =>
    compact({
      ...site.base,
      kind: 'stop' as const,
      outcome: site.reader.choice('outcome', OUTCOMES, 'succeeded'),
      message: site.optionalTemplatedText('message', { max: LONG_TEXT }),
      output: site.optionalTemplatedObject('output'),
    }),

  reads: (step) => ({ templates: [step.message, step.output] }),

  output: () => ({ outcome: 'text', message: 'text', output: 'json' }),

  decide(step, scope) {
    const message = step.message === undefined ? null : compileTemplate(step.message).render(scope);
    const output = step.output === undefined ? {} : { output: renderJson(step.output, scope) };
    return decided({ outcome: step.outcome, message, ...output }, null);
  },

  proceed(step, { path, output }) {
    if (step.outcome === 'succeeded') return { outcome: { status: 'succeeded' }, catchable: false };
    const message = typeof output.message === 'string' ? output.message : null;
    if (step.outcome === 'cancelled') return cancelled(path, STOPPED, message);
    return failure(path, false, { code: STOPPED, message: message ?? `Step "${step.id}" ended the run as failed.` });
  },
} satisfies StepKind<StopStep>;
