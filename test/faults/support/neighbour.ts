import { setTimeout as pause } from 'node:timers/promises';
import { adminOf } from '../../../src/demo/access/tokens.js';
import { CRM_MODULES, type CrmModule } from '../../../src/demo/crm/crm-modules.js';
import { RecordService } from '../../../src/demo/crm/record.service.js';
import type { FaultLab } from './fault-lab.js';

const TRICKLE_PAUSE_MS = 50;

/**
 * Creates leads of the neighbour (the workspace `rival`) at a steady pace. Returns how long each took from the commit of its
 * event to the commit of its run's end, in milliseconds, when all are done. Needs {@link markCommits}.
 */
export async function trickle(
  lab: FaultLab,
  company: string,
  count: number,
  atEnd = async (): Promise<void> => undefined,
): Promise<number[]> {
  const records = lab.crm.context.get(RecordService);
  const leads = CRM_MODULES.find(({ name }) => name === 'leads') as CrmModule;
  const ids: string[] = [];
  for (let told = 0; told < count; told += 1) {
    const { id } = await records.create(leads, { name: 'Ada', email: 'ada@lead.test', company }, adminOf('rival'));
    ids.push(id as string);
    await pause(TRICKLE_PAUSE_MS);
  }
  await atEnd();
  return latencies(lab, ids);
}

/** Waits for the runs of these leads. A flood may hold them up for long, which is what is measured. */
async function latencies(lab: FaultLab, ids: readonly string[]): Promise<number[]> {
  for (const deadline = performance.now() + 300_000; ; await pause(TRICKLE_PAUSE_MS)) {
    const rows = await lab.database.query<{ ms: number }>(
      `SELECT (extract(epoch FROM f.at - c.at) * 1000)::float8 AS ms
       FROM fault_lab.commits c JOIN fault_lab.commits f USING (record_id) WHERE c.what = 'event' AND f.what = 'run' AND c.record_id = ANY($1)`,
      [ids],
    );
    if (rows.length === ids.length) return rows.map(({ ms }) => ms);
    if (performance.now() > deadline) throw new Error(`${rows.length} of ${ids.length} runs of the neighbour have ended after 5 minutes`);
  }
}

/**
 * Has the database note when events of the neighbour are committed, and the ends of their runs. Deferred triggers run at
 * the COMMIT: what a transaction notes of itself earlier (occurred_at, finished_at) leaves out how long it then takes.
 */
export async function markCommits(lab: FaultLab): Promise<void> {
  await lab.database.query(`
    CREATE TABLE fault_lab.commits (record_id text, what text, at timestamptz, PRIMARY KEY (record_id, what));
    CREATE FUNCTION fault_lab.note_commit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO fault_lab.commits VALUES (NEW.record_id, TG_ARGV[0], clock_timestamp()) ON CONFLICT DO NOTHING;
      RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER note_event AFTER INSERT ON automation.events DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
      WHEN (NEW.workspace_id = 'rival' AND NEW.event = 'created') EXECUTE FUNCTION fault_lab.note_commit('event');
    CREATE CONSTRAINT TRIGGER note_end AFTER INSERT OR UPDATE ON automation.runs DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
      WHEN (NEW.workspace_id = 'rival' AND NEW.status = 'succeeded') EXECUTE FUNCTION fault_lab.note_commit('run')`);
}
