import type { EntityManager } from 'typeorm';
import type { CrmHost } from '../../host/crm-host.js';
import type { NewEvent } from '../../host/crm-session.js';
import { CrmUnitOfWork } from '../../host/crm-session.js';
import type { StartRow } from '../../store/event-store.js';
import type { NewHumanTask } from '../../store/human-tasks.js';
import { RELEASE } from '../../store/release.js';
import type { WaitTokenRow } from '../../store/wait-tokens.js';

/**
 * What ends what hangs, by the database's clock. `idle`: after how long without a word from us Postgres ends a transaction,
 * so that what a frozen or vanished process holds comes free; beyond its lease nobody may write anyway. `statement`: how
 * long one statement may take; in a transaction of its own each step sets its own limit.
 */
const LIMITS = {
  shared: { idle: '30s', statement: '20s' },
  own: { idle: '6min', statement: '20s' },
};
/** Of the 30 s that a shared transaction may idle: the rest is for an attempt's last words, and for a busy process. */
const HOST_CODE_MS = 24_000;

/** Returns until when the host's code may run in a shared transaction that was heard of now. */
export function hostCodeUntil(): number {
  return performance.now() + HOST_CODE_MS;
}

/** What a step needs of the transaction around it, and what it leaves there to be written with everything else. */
export interface StepTransaction {
  /** `shared`: many runs advance in it at the same time; `own`: it belongs to one run. */
  readonly kind: 'shared' | 'own';
  readonly manager: EntityManager;
  /** The database's clock at its start: what is due is decided by it. */
  readonly now: Date;
  /** The database's clock at this moment, told by how long the transaction has lasted here: what the log shows. */
  clock(): Date;
  /**
   * Until when, by our own clock (`performance.now()`), the host's code may run in it when it is shared: Postgres ends it
   * when it hears nothing of us for long.
   */
  hostCodeUntil: number;
  /** Reads and writes of records, coalesced over all runs of a shared transaction. */
  unit: CrmUnitOfWork;
  /** What its steps leave to be written. */
  readonly writes: StepWrites;
}

/** What steps leave to be written with the progress of their runs, one statement for each list that is not empty. */
export interface StepWrites {
  /** Events that steps with a savepoint of their own caused. */
  readonly events: NewEvent[];
  /** Runs that steps start. */
  readonly starts: StartRow[];
  /** What people are asked. */
  readonly tasks: NewHumanTask[];
  /** Tokens that steps have let out, or that waits have opened. */
  readonly tokens: WaitTokenRow[];
}

/** Nothing to write yet. */
export function noWrites(): StepWrites {
  return { events: [], starts: [], tasks: [], tokens: [] };
}

/** Returns what forgets all that is left to be written from here on. */
export function markOf(writes: StepWrites): () => void {
  const lengths = Object.values(writes).map((list: unknown[]) => ({ list, length: list.length }));
  return () => {
    for (const { list, length } of lengths) list.length = length;
  };
}

/**
 * What such a transaction begins with. The lock timeout is below the second after which Postgres looks for deadlocks:
 * between us and the CRM, we are the ones who give way.
 */
export const STEP_SETTINGS: Readonly<Record<StepTransaction['kind'], string>> = {
  shared: settingsOf('shared'),
  own: settingsOf('own'),
};

function settingsOf(kind: StepTransaction['kind']): string {
  const { idle, statement } = LIMITS[kind];
  return `SET LOCAL lock_timeout = '500ms'; SET LOCAL statement_timeout = '${statement}';
    SET LOCAL idle_in_transaction_session_timeout = '${idle}'; SET LOCAL automation.release = '${RELEASE}'; SET LOCAL automation.capture = 'off'`;
}

/** The work of a transaction that routes or advances runs, begun with {@link STEP_SETTINGS} at `begun`, by our own clock; `now` is the database's at that moment. */
export function stepTransaction(
  manager: EntityManager,
  kind: StepTransaction['kind'],
  crm: CrmHost,
  { now, begun }: { now: Date; begun: number },
): StepTransaction {
  return {
    kind,
    manager,
    now,
    hostCodeUntil: hostCodeUntil(),
    clock: () => new Date(now.getTime() + Math.round(performance.now() - begun)),
    unit: new CrmUnitOfWork(crm, manager),
    writes: noWrites(),
  };
}
