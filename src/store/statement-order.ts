import type { EntityManager, QueryRunner } from 'typeorm';
import { keepsStatements } from './prepared-statements.js';

/** A connection of pg's: recent ones can send statements before those before them are answered, where they are told to. */
interface Connection {
  pipeline?: boolean;
  /** There where pg speaks through libpq, which is left as it is. */
  native?: object;
}

/** Those whose statements go in one flight at the moment. */
const inFlight = new WeakSet<QueryRunner>();

/** Functions that each send one statement, before they wait for anything: that is what keeps their order. */
type Statements<Answers extends readonly unknown[]> = { readonly [At in keyof Answers]: () => Promise<Answers[At]> };

/**
 * A connection serves one statement after the other. pg keeps a queue for whoever does not wait, until its release 9: runs that are
 * advanced side by side in one transaction, and code of the host, need not know of each other's statements. {@link inOneFlight}
 * is for those who do.
 */
export function sendInTurn(runner: QueryRunner): void {
  const { query } = runner;
  let last: Promise<unknown> | undefined;
  runner.query = (...args: Parameters<QueryRunner['query']>) => {
    const send = () => query.apply(runner, args);
    if (inFlight.has(runner)) return send();
    const sent = last === undefined ? send() : last.then(send);
    const done = (): void => {
      if (last === settled) last = undefined;
    };
    const settled = sent.then(done, done);
    last = settled;
    return sent;
  };
}

/**
 * Sends statements of one transaction that do not need each other's answers one behind the other, and waits for all of the
 * answers at once: each wait is a turn of this process's event loop and of the server's process, and where both are busy it
 * is the waits that an event is made of, not the work. They are executed in their order; when one fails, so do those behind
 * it, and its failure is the one that is thrown.
 *
 * One at a time where the driver knows no better, on connections of the host's, and behind poolers. Not left switched on:
 * the host's steps may read streams through the same connection, which pg refuses then.
 */
export async function inOneFlight<Answers extends readonly unknown[]>(
  manager: EntityManager,
  statements: Statements<Answers>,
): Promise<Answers> {
  const runner = keepsStatements(manager) ? manager.queryRunner : undefined;
  const connection = (await runner?.connect()) as Connection | undefined;
  if (!runner || connection === undefined || connection.pipeline !== false || connection.native !== undefined) {
    const answers: unknown[] = [];
    for (const send of statements) answers.push(await send());
    return answers as unknown as Answers;
  }
  connection.pipeline = true;
  inFlight.add(runner);
  try {
    const outcomes = await Promise.allSettled(statements.map(async (send) => send()));
    return outcomes.map((outcome) => {
      if (outcome.status === 'rejected') throw outcome.reason;
      return outcome.value;
    }) as unknown as Answers;
  } finally {
    connection.pipeline = false;
    inFlight.delete(runner);
  }
}
