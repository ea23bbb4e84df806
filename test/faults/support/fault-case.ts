import type { FaultLab } from './fault-lab.js';

/** `short`: small counts, with the tests; `long`: the counts of the promise, by `npm run test:faults`. */
export type Scale = 'short' | 'long';

/** What one case found. Numbers that a case has no use for stay 0. */
export interface FaultResult {
  /** How often the fault was inflicted. */
  inflicted: number;
  /** How many runs (or whatever the case counts, said in a note) it had to survive. */
  runs: number;
  /** Events without a finished run, and steps of finished runs without their effect. */
  lost: number;
  /** Local effects that exist more often than their step was executed. */
  localDuplicates: number;
  /** Calls that reached the far side, and those among them that repeat an idempotency key. */
  externalCalls: number;
  externalDuplicates: number;
  /** From each fault to the moment that what it hit went on, in milliseconds of the database's clock. */
  recoveryMs: number[];
  /** What else is worth telling: printed below the row. */
  notes: string[];
  /** What did not hold; empty: passed. */
  violations: string[];
}

/** One fault and what must hold under it. Knows nothing of jest: `npm run test:faults` runs it too. */
export interface FaultCase {
  /** As in guarantees: `F1`. */
  id: string;
  title: string;
  /** Whether the short form is part of `npm test`. */
  short: boolean;
  /** `own`: the case stops or kills the server, which then is its own; `shared`: a database of its own will do. */
  postgres: 'own' | 'shared';
  run(lab: FaultLab, scale: Scale): Promise<FaultResult>;
}

/** A result to begin with. */
export function emptyResult(): FaultResult {
  return {
    inflicted: 0,
    runs: 0,
    lost: 0,
    localDuplicates: 0,
    externalCalls: 0,
    externalDuplicates: 0,
    recoveryMs: [],
    notes: [],
    violations: [],
  };
}
