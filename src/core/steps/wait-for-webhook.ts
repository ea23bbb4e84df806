import { compact } from '../definition/object-reader.js';
import { EXPIRES_IN, EXPIRY_OUTCOMES, type ExpiryOutcome, endedByExpiry, expired, expiryOf, ON_EXPIRY, readExpiresIn } from './expiry.js';
import type { StepBase } from './step.js';
import { answered, type Decision, type StepKind } from './step-kind.js';

/** Waits for a POST to a one-time URL. */
export interface WaitForWebhookStep extends StepBase {
  kind: 'wait_for_webhook';
  expiresIn?: string;
  onExpiry: ExpiryOutcome;
}

/** The shell opens a one-time URL. */
export interface OpenCallback {
  kind: 'open_callback';
}

export const waitForWebhook = {
  kind: 'wait_for_webhook',
  about: {
    label: 'Wait for a call',
    description: 'Waits for somebody to call a URL that works once.',
    members: { expiresIn: EXPIRES_IN, onExpiry: ON_EXPIRY },
    required: [],
  },

  parse: (site) =>
    compact({
      ...site.base,
      kind: 'wait_for_webhook' as const,
      expiresIn: readExpiresIn(site.reader),
      onExpiry: site.reader.choice('onExpiry', EXPIRY_OUTCOMES, 'fail'),
    }),

  output: () => ({ body: 'json', headers: 'json', query: 'json', expired: 'boolean' }),

  decide: (step, scope, now): Decision<OpenCallback> => ({
    status: 'waiting',
    input: null,
    output: null,
    wakeAt: expiryOf(step, scope, now),
    effect: { kind: 'open_callback' },
  }),

  failed: endedByExpiry,

  wait: {
    reason: 'webhook' as const,
    expire(step) {
      return step.onExpiry === 'continue' ? answered({ body: null, headers: {}, query: {}, expired: true }) : expired(step);
    },
    /** `{ body?, headers?, query? }` */
    answer: (_step, { body = null, headers = {}, query = {} }) => answered({ body, headers, query, expired: false }),
    sample: () => ({ body: {} }),
  },
} satisfies StepKind<WaitForWebhookStep>;
