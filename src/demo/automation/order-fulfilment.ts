import type { JsonObject } from '../../index.js';

/** The integration by which the partner gets orders and answers them. */
export const PARTNER = { code: 'partner', description: 'Sends won deals to the partner who delivers them, and takes its answers.' };

const isStatus = (status: string): JsonObject => ({ field: 'trigger.data.status', operator: 'equals', value: status });

/** A won deal is an order: it goes to the partner, who confirms or rejects it, or keeps us waiting. */
export const ORDER_FULFILMENT = {
  code: 'order-fulfilment',
  name: 'Order fulfilment',
  description: 'A won deal goes to the partner, who confirms or rejects it. After 48 hours without an answer somebody asks.',
  definition: {
    for: { module: 'opportunities' },
    start: { trigger: { type: 'event', module: 'opportunities', event: 'closed_won' } },
    states: [
      { code: 'NEW', description: 'Won, and not sent to the partner yet.', initial: true },
      { code: 'SUBMITTED', description: 'The partner has it.', timeout: { after: 'PT48H', transition: 'escalate' } },
      { code: 'CONFIRMED', description: 'The partner delivers.', final: true },
      { code: 'REJECTED', description: 'The partner does not deliver.', final: true },
      { code: 'ESCALATED', description: 'The partner has not answered in time.' },
    ],
    transitions: [
      { code: 'submit', from: ['NEW'], to: 'SUBMITTED', trigger: { type: 'export' } },
      {
        code: 'confirm',
        from: ['SUBMITTED', 'ESCALATED'],
        to: 'CONFIRMED',
        trigger: { type: 'import' },
        conditions: isStatus('confirmed'),
        steps: [
          {
            id: 'tell',
            type: 'send_notification',
            with: { to: 'owner', title: 'The partner delivers {{record.name}}', body: '{{trigger.data.note}}' },
            // A deal that nobody owns is confirmed all the same.
            onError: 'continue',
          },
        ],
      },
      {
        code: 'reject',
        from: ['SUBMITTED', 'ESCALATED'],
        to: 'REJECTED',
        trigger: { type: 'import' },
        conditions: isStatus('rejected'),
        steps: [
          {
            id: 'call',
            type: 'create_task',
            with: {
              title: 'Call the customer: {{record.name}} was rejected',
              description: '{{trigger.data.note}}',
              dueIn: 'P1D',
              priority: 'High',
            },
          },
        ],
      },
      {
        code: 'escalate',
        from: ['SUBMITTED'],
        to: 'ESCALATED',
        trigger: { type: 'timeout' },
        steps: [
          { id: 'ask', type: 'create_task', with: { title: 'Ask the partner about {{record.name}}', dueIn: 'PT4H', priority: 'Urgent' } },
        ],
      },
      {
        code: 'resubmit',
        description: 'The partner has lost it.',
        from: ['ESCALATED'],
        to: 'NEW',
        trigger: { type: 'manual' },
      },
    ],
  } satisfies JsonObject,
};
