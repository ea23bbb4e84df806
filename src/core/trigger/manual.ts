import { INPUT_FIELDS, type InputField, inputFieldProblems } from './manual-input.js';
import type { TriggerKind } from './trigger-kind.js';

/** Started by a person or by another workflow. */
export interface ManualTrigger {
  type: 'manual';
  module?: string;
  /** The values that are asked for; without it any object is taken. */
  input?: InputField[];
}

export const manual = {
  type: 'manual',
  label: 'By hand',
  description: 'Starts when a person or another workflow says so.',
  members: { module: { type: 'string', description: 'The module of the records that it runs on.' }, input: INPUT_FIELDS },
  required: [],
  check(reader, catalog) {
    if (reader.json.module !== undefined) reader.module(catalog);
    const problems = reader.json.input === undefined ? [] : inputFieldProblems(reader.json.input);
    for (const { path, message } of problems) reader.problem(path, message);
  },
} satisfies TriggerKind<ManualTrigger>;
