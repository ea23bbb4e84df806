import { compact } from '../definition/object-reader.js';
import type { StepSite } from '../definition/step-site.js';
import type { JsonObject } from '../json.js';
import type { Required } from '../people/question.js';
import { cancelled, failure } from '../plan/flow.js';
import { hasExpression } from '../template/template.js';
import { ASKING, type AskingStep, type AskPeople, ask, askingReads, readAsking } from './asking.js';
import { SOMEBODY } from './assignees.js';
import { EXPIRY_OUTCOMES, type ExpiryOutcome, endedByExpiry, expired } from './expiry.js';
import { answered, type Decision, type StepKind, unusableAnswer } from './step-kind.js';

const MOST_REQUIRED = 50;

/** Waits for people's yes or no. */
export interface ApprovalStep extends AskingStep {
  kind: 'approval';
  message: string;
  /** How many of those who are asked have to say yes. Default `one`: the first who answers decides. */
  required?: Required;
  /** A no needs a comment. */
  reasonRequired?: true;
  onExpiry: ExpiryOutcome | 'approve' | 'reject';
  /** What a `no` does. Default `stop`: the run ends, cancelled. */
  onReject: 'stop' | 'fail' | 'continue';
}

/** What can become of the question; the last is what `onExpiry: continue` leaves. */
type ApprovalDecision = 'approved' | 'rejected' | null;

export const approval = {
  kind: 'approval',
  about: {
    label: 'Approval',
    description: 'Waits for people’s yes or no.',
    members: {
      ...ASKING,
      required: {
        anyOf: [{ enum: ['one', 'all'] }, { type: 'integer', minimum: 1, maximum: MOST_REQUIRED }],
        default: 'one',
        description:
          'How many of those who are asked have to say yes. `one`: the first who answers decides. `all`: everybody. A number: so many; it is rejected when that many cannot be reached any more.',
      },
      reasonRequired: { type: 'boolean', default: false, description: 'A no needs a comment.' },
      onExpiry: {
        enum: [...EXPIRY_OUTCOMES, 'approve', 'reject'],
        default: 'fail',
        description: 'What becomes of it when nobody answers in time.',
      },
      onReject: { enum: ['stop', 'fail', 'continue'], default: 'stop', description: 'What a no does to the run.' },
    },
    required: ['message'],
    rules: SOMEBODY,
  },

  parse(site) {
    const { reader } = site;
    if (!reader.has('message')) reader.problem('message', '"message" is missing.');
    const step: ApprovalStep = compact({
      ...site.base,
      kind: 'approval' as const,
      ...readAsking(site, 'An approval'),
      required: readRequired(site),
      reasonRequired: reader.flag('reasonRequired', false) || undefined,
      onExpiry: reader.choice('onExpiry', [...EXPIRY_OUTCOMES, 'approve', 'reject'], 'fail'),
      onReject: reader.choice('onReject', ['stop', 'fail', 'continue'], 'stop'),
    }) as ApprovalStep;
    checkRequired(site, step);
    return step;
  },

  reads: (step) => ({ templates: askingReads(step) }),

  output: () => ({ decision: 'text', comment: 'text', by: 'json', door: 'text', votes: 'json', expired: 'boolean' }),

  decide: (step, scope, now): Decision<AskPeople> =>
    ask(step, scope, now, {
      task: 'approval',
      label: 'Approval',
      required: step.required ?? 'one',
      reasonRequired: step.reasonRequired ?? false,
    }),

  proceed(step, { path, output }) {
    if (output.decision !== 'rejected' || step.onReject === 'continue') return 'done';
    const message = `Approval "${step.id}" was rejected.`;
    if (step.onReject === 'stop') return cancelled(path, 'approval_rejected', message);
    return failure(path, true, { code: 'approval_rejected', message, hint: 'Retry the run from this step to ask again.' });
  },

  failed: endedByExpiry,

  wait: {
    reason: 'approval' as const,
    expire(step) {
      switch (step.onExpiry) {
        case 'approve':
          return answered(outputOf('approved', { expired: true }));
        case 'reject':
          return answered(outputOf('rejected', { expired: true }));
        case 'continue':
          return answered(outputOf(null, { expired: true }));
        default:
          return expired(step);
      }
    },
    /** `{ decision: 'approved' | 'rejected', comment?, by?, door?, votes? }` */
    answer(step, { decision, ...more }) {
      if (decision !== 'approved' && decision !== 'rejected') return unusableAnswer(step, 'neither "approved" nor "rejected"');
      return answered(outputOf(decision, { ...more, expired: false }));
    },
    sample: () => ({ decision: 'approved' }),
  },
} satisfies StepKind<ApprovalStep>;

function outputOf(
  decision: ApprovalDecision,
  { comment = null, by = null, door = null, votes = [], expired = false }: JsonObject,
): JsonObject {
  return { decision, comment, by, door, votes, expired };
}

function readRequired({ reader }: StepSite): Required | undefined {
  const value = reader.raw('required');
  if (value === undefined || value === 'one' || value === 'all') return value;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MOST_REQUIRED) return value;
  reader.problem('required', `"required" must be "one", "all", or a whole number from 1 to ${MOST_REQUIRED}.`);
  return undefined;
}

/** What can never be reached is a problem here and not the surprise of a run. */
function checkRequired({ reader }: StepSite, { required = 'one', assignees = [], role, queue }: ApprovalStep): void {
  if (required === 'one') return;
  if (queue !== undefined) {
    reader.problem('required', 'What is in a queue is for one person to decide: leave "required" out, or name "assignees" or a "role".');
    return;
  }
  const isCounted = role === undefined && !assignees.some(hasExpression);
  const people = new Set(assignees).size;
  if (typeof required === 'number' && isCounted && people < required) {
    reader.problem('required', `"required" is ${required}, but only ${people} ${people === 1 ? 'is' : 'are'} asked.`);
  }
}
