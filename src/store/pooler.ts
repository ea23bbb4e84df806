import type { QueryRunner } from 'typeorm';

/** A connection of pg's: the server process as it was named to us when we connected. */
interface Connected {
  processID?: number | null;
}

/** Returns the server process that answers just now, in digits. */
export async function serverProcess(runner: QueryRunner): Promise<string | undefined> {
  const [self] = (await runner.query('SELECT pg_backend_pid()::text AS pid')) as { pid: string }[];
  return self?.pid;
}

/** Poolers such as PgBouncer name a process of their own when we connect, since the server's changes. */
export function isPooler({ processID }: Connected, answering: string | undefined): boolean {
  return typeof processID === 'number' && String(processID) !== answering;
}
