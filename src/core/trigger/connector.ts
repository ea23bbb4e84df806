import type { TriggerKind } from './trigger-kind.js';

/** Started by an outside system through a connector. */
export interface ConnectorTrigger {
  type: 'connector';
  connector: string;
  event: string;
}

export const connector = {
  type: 'connector',
  label: 'Connector',
  description: 'Starts when a connected system says that something happened there.',
  members: {
    connector: { type: 'string', description: 'The connected system.' },
    event: { type: 'string', description: 'Its event.' },
  },
  required: ['connector', 'event'],
  check(reader) {
    reader.text('connector');
    reader.text('event');
  },
} satisfies TriggerKind<ConnectorTrigger>;
