import { compact } from '../definition/object-reader.js';
import type { JsonObject } from '../json.js';
import { cancelled, failure } from '../plan/flow.js';
import { compileTemplate } from '../template/template.js';
import { ASSIGNEES, readAssignees, resolveAssignees } from './assignees.js';
import { EXPIRES_IN, EXPIRY_OUTCOMES, type ExpiryOutcome, endedByExpiry, expired, expiryOf, readExpiresIn } from './expiry.js';
import { LONG_TEXT, type StepBase } from './step.js';
import { answered, type Decision, type StepKind, unusableAnswer } from './step-kind.js';

/** Waits for a person's yes or no. */
export interface ApprovalStep extends StepBase {
  kind: 'approval';
  assignees: string[];
  message: string;
  expiresIn?: string;
  onExpiry: ExpiryOutcome | 'approve' | 'reject';
  /** What a `no` does. Default `stop`: the run ends, cancelled. */
  onReject: 'stop' | 'fail' | 'continue';
}

/** The shell asks these people. */
export interface AskForApproval {
  kind: 'ask_for_approval';
  assignees: string[];
  message: string;
}

/** What can become of the question; the last is what `onExpiry: continue` leaves. */
type ApprovalDecision = 'approved' | 'rejected' | null;

export const approval = {
  kind: 'approval',
  about: {
    label: 'Approval',
    description: 'Waits for a person’s yes or no.',
    members: {
      assignees: ASSIGNEES,
      message: { type: 'string', minLength: 1, maxLength: LONG_TEXT, description: 'What is asked; may hold templates.' },
      expiresIn: EXPIRES_IN,
      onExpiry: {
        enum: [...EXPIRY_OUTCOMES, 'approve', 'reject'],
        default: 'fail',
        description: 'What becomes of it when nobody answers in time.',
      },
      onReject: { enum: ['stop', 'fail', 'continue'], default: 'stop', description: 'What a no does to the run.' },
    },
    required: ['assignees', 'message'],
  },

  parse(site) {
    const { reader } = site;
    if (!reader.has('assignees')) reader.problem('assignees', '"assignees" is missing.');
    return compact({
      ...site.base,
      kind: 'approval' as const,
      assignees: readAssignees(site) ?? [],
      message: site.templatedText('message', { max: LONG_TEXT }),
      expiresIn: readExpiresIn(reader),
      onExpiry: reader.choice('onExpiry', [...EXPIRY_OUTCOMES, 'approve', 'reject'], 'fail'),
      onReject: reader.choice('onReject', ['stop', 'fail', 'continue'], 'stop'),
    });
  },

  reads: (step) => ({ templates: [step.assignees, step.message] }),

  output: () => ({ decision: 'text', comment: 'text', by: 'json', expired: 'boolean' }),

  decide(step, scope, now): Decision<AskForApproval> {
    const question = { assignees: resolveAssignees(step.assignees, scope), message: compileTemplate(step.message).render(scope) };
    return {
      status: 'waiting',
      input: question,
      output: null,
      wakeAt: expiryOf(step, scope, now),
      effect: { kind: 'ask_for_approval', ...question },
    };
  },

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
    /** `{ decision: 'approved' | 'rejected', comment?, by? }` */
    answer(step, { decision, comment, by }) {
      if (decision !== 'approved' && decision !== 'rejected') return unusableAnswer(step, 'neither "approved" nor "rejected"');
      return answered(outputOf(decision, { comment, by }));
    },
    sample: () => ({ decision: 'approved' }),
  },
} satisfies StepKind<ApprovalStep>;

function outputOf(decision: ApprovalDecision, { comment = null, by = null, expired = false }: JsonObject): JsonObject {
  return { decision, comment, by, expired };
}
