import { AutomationError } from '../../../src/core/errors.js';
import type { SeededRandom } from '../support/seeded-random.js';
import type { ModelNode, ModelWorkspace, ModelWorld } from './model-world.js';

/** A run as a command chooses it. */
export interface KnownRun {
  id: string;
  workspaceId: string;
  recordId: string;
  status: string;
  retriedAs: string | null;
}

/** From when to when the workflow of a sequence was paused, on the database's clock. */
export interface Pause {
  from: Date;
  to: Date | null;
  /** How far from these moments a router may have been on either side of them: it may have begun before and waited. */
  unsureMs: number;
}

/** One sequence of commands, on a workflow or a machine, and two records of its own. */
export interface Sequence {
  workspace: ModelWorkspace;
  records: string[];
  /** What was published, by key or number; a key published again is no further event. */
  published: Set<string>;
  pauses: Pause[];
  /** What it did, for whoever has to find out what went wrong. */
  trace: string[];
  /** What a command answered against the rules. */
  violations: string[];
}

/** One thing that may happen to a sequence. */
export type Command = (sequence: Sequence, runs: readonly KnownRun[], context: CommandContext) => Promise<void>;

/** In what a command happens. */
export interface CommandContext {
  world: ModelWorld;
  node: ModelNode;
  random: SeededRandom;
  /** Nodes work at the same time: what a command meets cannot be told beforehand. */
  racing: boolean;
}

/** Returns `done`, or the code of the refusal. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'done';
  } catch (error) {
    if (error instanceof AutomationError) return error.code;
    throw error;
  }
}
