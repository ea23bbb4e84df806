import type { TriggerKind } from './trigger-kind.js';

/** Starts on a POST to the workflow's secret URL. */
export interface WebhookTrigger {
  type: 'webhook';
}

export const webhook = {
  type: 'webhook',
  label: 'Trigger URL',
  description: 'Starts when somebody posts to the workflow’s secret URL.',
  members: {},
  required: [],
  check: () => undefined,
} satisfies TriggerKind<WebhookTrigger>;
