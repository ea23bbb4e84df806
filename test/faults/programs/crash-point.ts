import pg from 'pg';

/**
 * Loaded into a worker by `--import`: ends the process (SIGKILL, by itself) at the statement that CRASH_AT names, before it
 * is sent or after its answer has come: `before the commit of the intent`. Statements are told by their text, so that the
 * library needs no hook for it.
 */

interface Point {
  when: 'before' | 'after';
  /** The statement itself, or the COMMIT of the transaction it was part of. */
  commit: boolean;
  statement: keyof typeof STATEMENTS;
}

type Told = (sql: string, parameters: readonly unknown[]) => boolean;

const writesStep =
  (status: string): Told =>
  (sql, parameters) => {
    if (!sql.includes('INSERT INTO automation.step_executions')) return false;
    const [paths = [], statuses = []] = ['path', 'status'].map((column) => valuesOf(column, sql, parameters));
    return paths.some((path, row) => path === 'act' && statuses[row] === status);
  };

/** What a statement with an array for each column says of this one: `unnest($1::text[], …) AS s("workspaceId", …)`. */
function valuesOf(column: string, sql: string, parameters: readonly unknown[]): unknown[] {
  const names = /\[\]\) AS \w+\(([^)]*)\)/.exec(sql)?.[1]?.split(', ') ?? [];
  const literal = parameters[names.indexOf(`"${column}"`)];
  if (typeof literal !== 'string') throw new Error(`The statement that writes steps has no column ${column}: ${sql}`);
  return JSON.parse(`[${literal.slice(1, -1)}]`) as unknown[];
}

const STATEMENTS = {
  'claim of the event': (sql: string) => sql.includes('FROM automation.events WHERE routed_at IS NULL'),
  'claim of the run': (sql: string) => sql.includes('served AS MATERIALIZED (SELECT'),
  intent: writesStep('running'),
  result: writesStep('succeeded'),
  effect: (sql: string) => /^INSERT INTO "tasks"/.test(sql),
} satisfies Record<string, Told>;

function pointOf(text: string): Point {
  const [, when, commit, statement] = /^(before|after) (the commit of )?the (.+)$/.exec(text) ?? [];
  if (statement === undefined || !(statement in STATEMENTS)) throw new Error(`CRASH_AT names no point: ${text}`);
  return { when: when as Point['when'], commit: commit !== undefined, statement: statement as Point['statement'] };
}

function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

const { when, commit, statement } = pointOf(process.env.CRASH_AT ?? '');
const client = pg.Client.prototype as unknown as { query: (...args: unknown[]) => unknown };
const query = client.query;
/** Connections whose transaction has come to the statement. */
const came = new WeakSet<object>();

client.query = function crashing(this: object, ...args: unknown[]) {
  const [first, second] = args;
  const sql = typeof first === 'string' ? first : ((first as { text?: string }).text ?? '');
  const isIt = STATEMENTS[statement](sql, Array.isArray(second) ? second : []);
  const isPoint = commit ? sql === 'COMMIT' && came.has(this) : isIt;
  if (isPoint && when === 'before') die();
  const answer = query.apply(this, args);
  // A claim that finds nothing is no claim.
  const found = (result: unknown): void => {
    const didIt = isIt && (!statement.startsWith('claim') || (result as { rowCount: number }).rowCount > 0);
    if (when === 'after' && (commit ? isPoint : didIt)) die();
    if (didIt) came.add(this);
    if (sql === 'COMMIT' || sql === 'ROLLBACK') came.delete(this);
  };
  if (!(answer instanceof Promise)) return answer;
  return answer.then((result: unknown) => {
    found(result);
    return result;
  });
};
