import pg from 'pg';

/**
 * A database as SQL text: the statements that made its tables, then its rows, one a line. Postgres's own pg_dump would do
 * as well, but is not on every machine, and its text changes with its version.
 *
 * Times are ISO 8601 with a Z and ids are UUIDv7 everywhere, in JSON too: that is how `atPresent` finds and moves them.
 */
export async function dumpDatabase(url: string, definitions: readonly string[]): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`SET TIME ZONE 'UTC'`);
    const { rows: tables } = await client.query<{ oid: number; name: string }>(
      `SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE c.relkind = 'r' AND n.nspname IN ('public', 'automation') ORDER BY c.oid`,
    );
    const parts = definitions.map((statement) => `${statement.trim()};`);
    for (const table of tables) parts.push(...(await rowsOf(client, table)));
    return shortIds(parts.join('\n'));
  } finally {
    await client.end();
  }
}

async function rowsOf(client: pg.Client, { oid, name }: { oid: number; name: string }): Promise<string[]> {
  const { rows: columns } = await client.query<{ name: string; type: string; identity: string; sequence: string | null }>(
    `SELECT format('%I', attname) AS name, atttypid::regtype::text AS type, attidentity AS identity,
       pg_get_serial_sequence($2, attname) AS sequence
     FROM pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum`,
    [oid, name],
  );
  const values = columns.map(({ name: column, type }) =>
    type === 'timestamp with time zone'
      ? `quote_nullable(to_char(${column}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))`
      : `quote_nullable(${column}::text)`,
  );
  const { rows } = await client.query<{ line: string }>(
    `SELECT '(' || concat_ws(', ', ${values.join(', ')}) || ')' AS line FROM ${name} ORDER BY 1`,
  );
  if (rows.length === 0) return [];
  const overriding = columns.some(({ identity }) => identity === 'a') ? ' OVERRIDING SYSTEM VALUE' : '';
  const names = columns.map((column) => column.name).join(', ');
  return [
    `INSERT INTO ${name} (${names})${overriding} VALUES\n${rows.map(({ line }) => line).join(',\n')};`,
    ...columns.flatMap(({ name: column, sequence }) =>
      sequence === null ? [] : [`SELECT setval('${sequence}', (SELECT max(${column}) FROM ${name}));`],
    ),
  ];
}

const UUID_V7 = /\b([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b/g;
const TIME = /\b(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)((?:\.\d+)?Z)/g;

/** Numbers in the place of what is random in ids; their time and their order stay. */
function shortIds(text: string): string {
  const ids = [...new Set([...text.matchAll(UUID_V7)].map(([id]) => id))].sort();
  const short = new Map(ids.map((id, index) => [id, `${id.slice(0, 13)}-7000-8000-${String(index + 1).padStart(12, '0')}`]));
  return text.replaceAll(UUID_V7, (id) => short.get(id) ?? id);
}

/**
 * The dump as if it had been made a moment ago: every time, and the time in every id, moves by as long as the dump is old.
 * So its leases, waits and ages are what they were, and retention takes nothing away, however many years later.
 */
export function atPresent(dump: string, now = Date.now()): string {
  const madeAt = /^-- made at (\S+)$/m.exec(dump)?.[1];
  if (madeAt === undefined) throw new Error('A dump says in a line of its own when it was made: "-- made at 2026-01-31T12:00:00Z".');
  const seconds = Math.floor((now - Date.parse(madeAt)) / 1_000);
  return dump
    .replaceAll(TIME, (_, time: string, rest: string) => {
      const moved = Date.parse(`${time}Z`) + seconds * 1_000;
      return new Date(moved).toISOString().replace(/\.000Z$/, rest);
    })
    .replaceAll(UUID_V7, (id, high: string, low: string) => {
      const moved = (Number.parseInt(high + low, 16) + seconds * 1_000).toString(16).padStart(12, '0');
      return `${moved.slice(0, 8)}-${moved.slice(8)}${id.slice(13)}`;
    });
}

/** Brings a dump into an empty database, at present. */
export async function loadDump(url: string, dump: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(atPresent(dump));
  } finally {
    await client.end();
  }
}
