import type { TriggerKind } from './trigger-kind.js';

/** Started by a person or by another workflow. */
export interface ManualTrigger {
  type: 'manual';
  module?: string;
}

export const manual = {
  type: 'manual',
  label: 'By hand',
  description: 'Starts when a person or another workflow says so.',
  members: { module: { type: 'string', description: 'The module of the records that it runs on.' } },
  required: [],
  check(reader, catalog) {
    if (reader.json.module !== undefined) reader.module(catalog);
  },
} satisfies TriggerKind<ManualTrigger>;
