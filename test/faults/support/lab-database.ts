import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { eventually } from '../../support/eventually.js';

/** Losses of a connection: the question is asked again. */
const LOST = /^(08|57P0)|ECONNREFUSED|ECONNRESET|EPIPE/;

/** What a fault hit, to be asked later when it went on. */
export interface Hit {
  /** Names the fault in `recoveries`. */
  fault: string;
  /** Only what this worker held; else every run that somebody holds. */
  worker?: string;
  /** When it happened, by the database's clock; see `now()`. */
  at: Date;
}

/** The database of one case: asked over connections that may be cut at any time. */
export class LabDatabase {
  private constructor(
    readonly url: string,
    private readonly serverUrl: string,
    private readonly pool: pg.Pool,
  ) {}

  /** Makes a database on a server: empty, or a copy of one of them that is closed. */
  static async create(serverUrl: string, template?: LabDatabase): Promise<LabDatabase> {
    const name = `faults_${randomBytes(6).toString('hex')}`;
    // File by file: through the log, as is the default, costs twice as much.
    await administer(serverUrl, `CREATE DATABASE ${name} TEMPLATE ${template?.name ?? 'template0'} STRATEGY file_copy`);
    const url = new URL(serverUrl);
    url.pathname = `/${name}`;
    const pool = new pg.Pool({ connectionString: url.href, max: 4, application_name: 'fault-lab' });
    // An idle connection that is cut; the next question opens another.
    pool.on('error', () => undefined);
    return new LabDatabase(url.href, serverUrl, pool);
  }

  private get name(): string {
    return new URL(this.url).pathname.slice(1);
  }

  /** Rows of a statement; asked again while the connection or the server is lost, so it must bear being repeated. */
  async query<Row = Record<string, unknown>>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
    return eventually(async () => {
      try {
        return { rows: (await this.pool.query(sql, parameters)).rows as Row[] };
      } catch (error) {
        const { code, message } = error as { code?: string; message: string };
        if (LOST.test(code ?? '') || /terminated|timeout|not yet accepting|starting up|shutting down/.test(message)) throw error;
        return { error };
      }
    }, 60_000).then((answer) => {
      if ('error' in answer) throw answer.error;
      return answer.rows;
    });
  }

  /** The first row. */
  async one<Row = Record<string, unknown>>(sql: string, parameters: unknown[] = []): Promise<Row> {
    const [row] = await this.query<Row>(sql, parameters);
    if (row === undefined) throw new Error(`no row: ${sql}`);
    return row;
  }

  /** The database's clock. */
  async now(): Promise<Date> {
    return (await this.one<{ now: Date }>('SELECT clock_timestamp() AS now')).now;
  }

  /**
   * Notes from now on which process claimed which run, at which fence. The module's tables do not name the holder; a
   * trigger reads it from the setting that each worker process gives its connections.
   */
  async noteClaims(): Promise<void> {
    await this.query(`
      CREATE SCHEMA fault_lab;
      CREATE TABLE fault_lab.claims (run_id uuid, fence integer, worker text, at timestamptz, PRIMARY KEY (run_id, fence));
      CREATE TABLE fault_lab.hits (fault text, run_id uuid, fence integer, at timestamptz, PRIMARY KEY (fault, run_id));
      CREATE FUNCTION fault_lab.note_claim() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO fault_lab.claims VALUES (NEW.id, NEW.fence, current_setting('faults.worker', true), clock_timestamp())
        ON CONFLICT DO NOTHING;
        RETURN NULL;
      END $$;
      CREATE TRIGGER note_start AFTER INSERT ON automation.runs FOR EACH ROW WHEN (NEW.status = 'running')
        EXECUTE FUNCTION fault_lab.note_claim();
      CREATE TRIGGER note_claim AFTER UPDATE ON automation.runs FOR EACH ROW WHEN (NEW.fence > OLD.fence)
        EXECUTE FUNCTION fault_lab.note_claim()`);
  }

  /** The workers that hold runs at this moment. */
  async holders(): Promise<string[]> {
    const rows = await this.query<{ worker: string }>(
      `SELECT DISTINCT c.worker FROM automation.runs r JOIN fault_lab.claims c ON c.run_id = r.id AND c.fence = r.fence
       WHERE r.status = 'running' AND c.worker IS NOT NULL ORDER BY 1`,
    );
    return rows.map(({ worker }) => worker);
  }

  /** How many runs a worker holds at this moment. */
  async heldBy(worker: string): Promise<number> {
    const { held } = await this.one<{ held: number }>(
      `SELECT count(*)::int AS held FROM automation.runs r JOIN fault_lab.claims c ON c.run_id = r.id AND c.fence = r.fence
       WHERE r.status = 'running' AND c.worker = $1`,
      [worker],
    );
    return held;
  }

  /** Notes the runs that a fault has just hit: those that were held. Answers how many. */
  async noteHit({ fault, worker, at }: Hit): Promise<number> {
    const hit = await this.query(
      `INSERT INTO fault_lab.hits SELECT $1, r.id, r.fence, $3 FROM automation.runs r
         JOIN fault_lab.claims c ON c.run_id = r.id AND c.fence = r.fence
       WHERE r.status = 'running' AND ($2::text IS NULL OR c.worker = $2) ON CONFLICT DO NOTHING RETURNING 1`,
      [fault, worker ?? null, at],
    );
    return hit.length;
  }

  /**
   * How long after the fault each run that was hit went on, in milliseconds: the next claim by whoever, the next result
   * or step that was written, or its end. For faults whose name begins so.
   */
  async recoveries(faults = ''): Promise<number[]> {
    return (await this.timesToGoOn(faults)).flatMap(({ ms }) => (ms === null ? [] : [Math.max(0, ms)]));
  }

  /** Waits until all that these faults have hit goes on. What does not is not this method's to judge: the books will tell. */
  async hitsGoOn(faults: string, timeoutMs = 60_000): Promise<void> {
    const goOn = async (): Promise<void> => {
      if ((await this.timesToGoOn(faults)).some(({ ms, held }) => ms === null && held)) throw new Error('not yet');
    };
    await eventually(goOn, timeoutMs).catch(() => undefined);
  }

  /** `ms` is null as well for what was just being committed: its times are those of a transaction that began before the fault. */
  private async timesToGoOn(faults: string): Promise<{ ms: number | null; held: boolean }[]> {
    return this.query(
      `SELECT (extract(epoch FROM least(
           (SELECT min(c.at) FROM fault_lab.claims c WHERE c.run_id = h.run_id AND c.fence > h.fence),
           (SELECT min(s.started_at) FROM automation.step_executions s WHERE s.run_id = h.run_id AND s.started_at > h.at),
           (SELECT min(s.finished_at) FROM automation.step_executions s WHERE s.run_id = h.run_id AND s.finished_at > h.at),
           (SELECT r.finished_at FROM automation.runs r WHERE r.id = h.run_id AND r.finished_at > h.at)) - h.at) * 1000)::float8 AS ms,
         EXISTS (SELECT FROM automation.runs r WHERE r.id = h.run_id AND r.fence = h.fence AND r.status = 'running') AS held
       FROM fault_lab.hits h WHERE starts_with(h.fault, $1)`,
      [faults],
    );
  }

  /** Waits until a run goes on after a moment, whichever it is; answers when that was, by the database's clock. */
  goesOn(after: Date): Promise<Date> {
    return eventually(async () => {
      const { at } = await this.one<{ at: Date | null }>(
        `SELECT least((SELECT min(at) FROM fault_lab.claims WHERE at > $1),
           (SELECT min(finished_at) FROM automation.step_executions WHERE finished_at > $1)) AS at`,
        [after],
      );
      if (at === null) throw new Error('no run has gone on');
      return at;
    }, 60_000);
  }

  /** Ends every connection to this database but the one that asks. Answers how many. */
  async cutConnections(): Promise<number> {
    const cut = await this.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`,
    );
    return cut.length;
  }

  /** Waits until nothing is left to do: no unrouted event, no run that is not over. Answers what is left after `timeoutMs`, else null. */
  async settle(timeoutMs = 120_000): Promise<string | null> {
    const ask = () =>
      this.one<{ events: number; runs: number }>(
        `SELECT (SELECT count(*)::int FROM automation.events WHERE routed_at IS NULL) AS events,
           (SELECT count(*)::int FROM automation.runs WHERE status IN ('queued', 'running', 'waiting')) AS runs`,
      );
    try {
      await eventually(async () => {
        const { events, runs } = await ask();
        if (events + runs > 0) throw new Error('not yet');
      }, timeoutMs);
      return null;
    } catch {
      const { events, runs } = await ask();
      return `${events} events are not routed and ${runs} runs not over after ${timeoutMs / 1000} s of peace${await this.oneOpenRun()}`;
    }
  }

  /** In whose hands a run that is not over has been, and how far it has come: for whoever has to find out why. */
  private async oneOpenRun(): Promise<string> {
    const rows = await this.query<{ told: string }>(
      `SELECT json_build_object('run', r.id, 'status', r.status, 'fence', r.fence, 'dueIn', r.due_at - clock_timestamp(), 'recoveries', r.recoveries,
         'steps', (SELECT json_agg(concat_ws(' ', s.path, s.attempt, s.status, s.started_at, s.error->>'code') ORDER BY s.position)
           FROM automation.step_executions s WHERE s.workspace_id = r.workspace_id AND s.run_id = r.id),
         'claims', (SELECT json_agg(concat_ws(' ', c.fence, c.worker, c.at) ORDER BY c.fence) FROM fault_lab.claims c WHERE c.run_id = r.id),
         'now', clock_timestamp())::text AS told
       FROM automation.runs r WHERE r.status IN ('queued', 'running', 'waiting') ORDER BY r.id LIMIT 1`,
    ).catch(() => []);
    return rows.map(({ told }) => `, such as ${told}`).join('');
  }

  /** Lets go of it; the database stays. */
  async close(): Promise<void> {
    await this.pool.end();
  }

  /** Removes it, whoever is still connected. */
  async drop(): Promise<void> {
    if (!this.pool.ended) await this.close();
    await administer(this.serverUrl, `DROP DATABASE IF EXISTS ${this.name} WITH (FORCE)`);
  }
}

async function administer(serverUrl: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
