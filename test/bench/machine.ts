import { cpus, totalmem } from 'node:os';
import pg from 'pg';

/** The machine's shape in one line: numbers mean nothing without it. */
export async function describeMachine(serverUrl: string): Promise<string> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  const { rows } = await client.query(
    `SELECT current_setting('server_version') AS version, current_setting('fsync') AS fsync,
       current_setting('synchronous_commit') AS "synchronousCommit", current_setting('shared_buffers') AS buffers`,
  );
  await client.end();
  const { version, fsync, synchronousCommit, buffers } = rows[0] as Record<string, string>;
  const place = process.env.DATABASE_URL ? 'given by DATABASE_URL' : 'on the same machine';
  return [
    `${cpus().length} cores (${cpus()[0]?.model.trim()})`,
    `${Math.round(totalmem() / 2 ** 30)} GB`,
    `Node ${process.version}`,
    `Postgres ${version?.split(' ')[0]} ${place} (fsync ${fsync}, synchronous_commit ${synchronousCommit}, shared_buffers ${buffers})`,
  ].join(', ');
}
