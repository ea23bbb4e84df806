import type { FaultLab } from '../support/fault-lab.js';

/**
 * Has the database note every write to a run or its steps that comes from a process other than the one that claimed the
 * run at its present fence. The engine's own checks have no part in it: who writes is the setting of the connection, who
 * owns is the lab's note of the claim. Notes commit with the write, so that only writes that were accepted stay.
 */
export async function watchWriters(lab: FaultLab): Promise<void> {
  await lab.database.query(`
    CREATE TABLE fault_lab.stale_writes (at timestamptz, writer text, owner text, run_id uuid, fence integer, what text);
    CREATE FUNCTION fault_lab.note_stale(run uuid, held integer, what text) RETURNS void LANGUAGE sql AS $$
      INSERT INTO fault_lab.stale_writes
      SELECT clock_timestamp(), current_setting('faults.worker', true), c.worker, run, held, what FROM fault_lab.claims c
      WHERE c.run_id = run AND c.fence = held AND c.worker IS DISTINCT FROM current_setting('faults.worker', true)
    $$;
    CREATE FUNCTION fault_lab.watch_run() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM fault_lab.note_stale(NEW.id, NEW.fence, 'run ' || OLD.status || ' -> ' || NEW.status);
      RETURN NULL;
    END $$;
    CREATE FUNCTION fault_lab.watch_step() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM fault_lab.note_stale(r.id, r.fence, 'step ' || NEW.path || ' ' || NEW.status)
      FROM automation.runs r WHERE r.workspace_id = NEW.workspace_id AND r.id = NEW.run_id;
      RETURN NULL;
    END $$;
    -- A run that waits is in nobody's hands: whoever finds its wait over queues it.
    CREATE TRIGGER watch_run AFTER UPDATE ON automation.runs FOR EACH ROW
      WHEN (NEW.fence = OLD.fence AND NOT (OLD.status = 'waiting' AND NEW.status = 'queued'))
      EXECUTE FUNCTION fault_lab.watch_run();
    -- At the commit: what the run's fence is then, decides.
    CREATE CONSTRAINT TRIGGER watch_step AFTER INSERT OR UPDATE ON automation.step_executions DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION fault_lab.watch_step()`);
}

/** The writes that were accepted, in words; and how many runs that a fault had hit were claimed by another process then. */
export async function staleWrites(lab: FaultLab, faults: string): Promise<{ accepted: string[]; takenOver: number }> {
  const writes = await lab.database.query<{ writer: string; owner: string; run_id: string; fence: number; what: string }>(
    'SELECT writer, owner, run_id, fence, what FROM fault_lab.stale_writes ORDER BY at',
  );
  const { taken } = await lab.database.one<{ taken: number }>(
    `SELECT count(*)::int AS taken FROM fault_lab.hits h WHERE starts_with(h.fault, $1) AND EXISTS (
       SELECT 1 FROM fault_lab.claims mine JOIN fault_lab.claims next ON next.run_id = mine.run_id AND next.fence = mine.fence + 1
       WHERE mine.run_id = h.run_id AND mine.fence = h.fence AND next.worker <> mine.worker)`,
    [faults],
  );
  const accepted = writes.map(
    ({ writer, owner, run_id, fence, what }) => `${writer} wrote "${what}" to run ${run_id}, which ${owner} held at fence ${fence}`,
  );
  return { accepted, takenOver: taken };
}
