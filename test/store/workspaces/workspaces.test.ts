import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EntityManager } from 'typeorm';
import { type OwnDatabase, openOwnDatabase } from '../support/own-database.js';
import { furnishWorkspace } from './furnished-workspace.js';
import { ID, OTHER } from './names.js';
import { OF_ALL_WORKSPACES, STATEMENTS } from './statements.js';

/** What came of a statement, and by how much it has changed the rows of each workspace: see rowsOf. */
interface Outcome {
  answer: string;
  acme: number;
  other: number;
}
/** Asked for a workspace without rows, for the one that has them all, for the other one; and beside that other one with rows of the same ids. */
type Place = 'empty' | 'own' | 'foreign' | 'beside';

const FAILED = 'failed with ';

type Four = [Outcome, Outcome, Outcome, Outcome];
type Rows = Omit<Outcome, 'answer'>;

const functions = Object.entries(STATEMENTS).flatMap(([file, of]) =>
  Object.entries(of).map(([name, ask]) => ({ name: `${file} ${name}`, ask })),
);
const known = new Set<string>(Object.values(ID));

/** An answer without what differs from one time to the next: new ids, the time, ages; and without the name of who asked. */
function shown(answer: unknown, workspaceId: string): string {
  const json = JSON.stringify(answer, (_, value: unknown) => {
    if (value instanceof Map || value instanceof Set) return [...value];
    return typeof value === 'number' && Math.abs(value) > 1_000 ? '<number>' : value;
  });
  return (json ?? 'nothing')
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => (known.has(id) ? id : '<id>'))
    .replace(/20\d\d-\d\d-\d\d([T ][\d:.]+(Z|[+-]\d\d(:\d\d)?)?)?/g, '<time>')
    .replaceAll(workspaceId, '<workspace>');
}

// Ids are unique by chance alone: a workspace that was restored beside itself has all of them twice.
describe('a statement for one workspace', () => {
  const outcomes = new Map<string, Outcome>();
  const of = (name: string, place: Place): Outcome => outcomes.get(`${place} ${name}`) as Outcome;
  /** The database of a workspace alone, and that of both. */
  let alone: OwnDatabase;
  let both: OwnDatabase;
  let tables: string[];

  beforeAll(async () => {
    [alone, both] = await Promise.all([openOwnDatabase(), openOwnDatabase()]);
    const found = await alone.query<{ name: string }>(
      `SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'workspace_id'
       WHERE c.relnamespace = 'automation'::regnamespace AND c.relkind = 'r' ORDER BY 1`,
    );
    tables = found.map(({ name }) => name);
    await Promise.all([countRows(alone), countRows(both)]);
    await askAll('empty', alone, 'acme');
    await furnishWorkspace(alone, 'acme');
    await askAll('own', alone, 'acme');
    await askAll('foreign', alone, OTHER);
    // The other one first: what is found without its workspace is then not what was meant.
    await furnishWorkspace(both, OTHER);
    await furnishWorkspace(both, 'acme');
    await askAll('beside', both, 'acme');
  });
  afterAll(() => Promise.all([alone.close(), both.close()]));

  async function askAll(place: Place, own: OwnDatabase, workspaceId: string): Promise<void> {
    const before = await own.transaction(rowsOf);
    for (const { name, ask } of functions) {
      outcomes.set(`${place} ${name}`, await outcomeOf(own, (manager) => ask(manager, workspaceId), workspaceId, before));
    }
  }

  /** Asks in a transaction that is rolled back. */
  async function outcomeOf(
    own: OwnDatabase,
    ask: (manager: EntityManager) => Promise<unknown>,
    workspaceId: string,
    before: Rows,
  ): Promise<Outcome> {
    const undo = new Error('everything is seen');
    let outcome: Outcome | undefined;
    const asked = own.transaction(async (manager) => {
      const answer = shown(await ask(manager), workspaceId);
      const after = await rowsOf(manager);
      outcome = { answer, acme: after.acme - before.acme, other: after.other - before.other };
      throw undo;
    });
    const error = await asked.catch((thrown: unknown) => thrown);
    return error === undo ? (outcome as Outcome) : { answer: `${FAILED}${String(error)}`, acme: 0, other: 0 };
  }

  /** How many rows each workspace has; one that the transaction has written or locked counts as much as nobody has. */
  async function rowsOf(manager: EntityManager): Promise<Rows> {
    const rows: { workspace: string; count: number }[] = await manager.query('SELECT * FROM rows_of_workspaces()');
    return {
      acme: 0,
      other: 0,
      ...Object.fromEntries(rows.map(({ workspace, count }) => [workspace === OTHER ? 'other' : workspace, count])),
    };
  }

  /** As a function, so that a connection plans it once. */
  function countRows(own: OwnDatabase): Promise<unknown> {
    const each = tables.map((table) => `SELECT workspace_id, xmin, xmax FROM automation.${table}`);
    return own.query(`CREATE FUNCTION rows_of_workspaces() RETURNS TABLE (workspace text, count int) LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY
      SELECT workspace_id, sum(CASE WHEN pg_current_xact_id()::xid IN (xmin, xmax) THEN 1001 ELSE 1 END)::int
      FROM (${each.join(' UNION ALL ')}) AS rows GROUP BY workspace_id; END $$`);
  }

  it('exists of every table that belongs to workspaces', async () => {
    const counts: { table: string; count: number }[] = [];
    for (const table of tables) {
      const [row] = await alone.query<{ count: number }>(
        `SELECT count(*)::int AS count FROM automation.${table} WHERE workspace_id = 'acme'`,
      );
      counts.push({ table, count: row?.count ?? 0 });
    }
    expect(counts.filter(({ count }) => count === 0).map(({ table }) => table)).toEqual([]);
  });

  it('is here for every function of src/store, or is said to be of all workspaces', async () => {
    const store = new URL('../../../src/store/', import.meta.url);
    const files = readdirSync(store, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    const found: string[] = [];
    for (const file of files) {
      const exported: Record<string, unknown> = await import(new URL(file, store).pathname);
      for (const [name, value] of Object.entries(exported)) {
        if (typeof value === 'function' && /^(async )?function \w+\(manager\b/.test(value.toString())) found.push(`${file} ${name}`);
      }
    }
    const told = [...functions.map(({ name }) => name), ...Object.keys(OF_ALL_WORKSPACES)];
    expect(found.length).toBeGreaterThan(200);
    expect(told.sort()).toEqual(found.sort());
  });

  it.each(functions.map(({ name }) => name))('sees and changes its own rows, and nothing of another with the same ids: %s', (name) => {
    const [empty, mine, foreign, beside] = (['empty', 'own', 'foreign', 'beside'] as const).map((place) => of(name, place)) as Four;
    expect(mine.answer).not.toContain(FAILED);
    expect(foreign).toEqual({ answer: empty.answer, acme: 0, other: empty.acme });
    expect(beside).toEqual(mine);
    // It tells something: there is what it finds, or it writes anyway.
    expect(empty.acme > 0 || mine.answer !== empty.answer || mine.acme !== 0).toBe(true);
  });
});
