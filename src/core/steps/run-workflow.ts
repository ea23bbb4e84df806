import type { OutputShape } from '../catalog.js';
import { compact } from '../definition/object-reader.js';
import type { JsonObject } from '../json.js';
import { SAMPLE_ID } from '../sample.js';
import { renderJson } from '../template/template.js';
import { expired } from './expiry.js';
import type { StepBase } from './step.js';
import { answered, type Decision, type StepKind, unusableAnswer } from './step-kind.js';

/** Starts another workflow, and waits for its end if told. */
export interface RunWorkflowStep extends StepBase {
  kind: 'run_workflow';
  /** Its code or its id. */
  workflow: string;
  /** What the other workflow sees as `trigger`. */
  input?: JsonObject;
  wait: boolean;
}

/** The shell starts a run of the workflow with this code or id; with `wait` its end is the step's answer. */
export interface StartRun {
  kind: 'start_run';
  workflow: string;
  input: JsonObject;
  wait: boolean;
}

export const runWorkflow = {
  kind: 'run_workflow',
  about: {
    label: 'Run a workflow',
    description: 'Starts another workflow, and waits for its end if told.',
    members: {
      workflow: { type: 'string', minLength: 1, maxLength: 200, 'x-control': 'workflow', description: 'Its code or its id.' },
      input: { type: 'object', description: 'What it sees as `trigger.input`; texts may hold templates.' },
      wait: { type: 'boolean', default: false },
    },
    required: ['workflow'],
  },

  parse: (site) =>
    compact({
      ...site.base,
      kind: 'run_workflow' as const,
      workflow: site.reader.text('workflow'),
      input: site.optionalTemplatedObject('input'),
      wait: site.reader.flag('wait', false),
    }),

  reads: (step) => ({ templates: [step.input] }),

  output: (step): OutputShape => (step.wait ? { runId: 'text', status: 'text', output: 'json' } : {}),

  decide(step, scope): Decision<StartRun> {
    const input = renderJson(step.input ?? {}, scope) as JsonObject;
    return {
      status: step.wait ? 'waiting' : 'succeeded',
      input: { workflow: step.workflow, input },
      output: step.wait ? null : {},
      wakeAt: null,
      effect: { kind: 'start_run', workflow: step.workflow, input, wait: step.wait },
    };
  },

  wait: {
    reason: 'workflow' as const,
    expire: expired,
    /** The end of the other run: `{ runId, status, output?, message? }`. One that was skipped or cancelled is no failure of this step. */
    answer(step, { runId = null, status, output = null, message }) {
      if (typeof status !== 'string') return unusableAnswer(step, 'no status of a run');
      const end = { runId, status, output };
      if (status !== 'failed') return answered(end);
      const why = typeof message === 'string' ? `: ${message}` : '.';
      return {
        status: 'failed',
        wakeAt: null,
        output: end,
        error: {
          code: 'sub_run_failed',
          message: `The run of workflow "${step.workflow}" that step "${step.id}" has started failed${why}`,
          hint: `Look at run ${String(runId)}; when it can succeed, retry this run from this step, which starts another.`,
        },
      };
    },
    sample: () => ({ runId: SAMPLE_ID, status: 'succeeded', output: {} }),
  },
} satisfies StepKind<RunWorkflowStep>;
