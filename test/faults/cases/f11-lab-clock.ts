import type { FaultLab } from '../support/fault-lab.js';

/** The clock of the lab's database, which the lab can set. Node's clocks, here and in the workers, know nothing of it. */
export interface LabClock {
  /** From the next transaction on it is this moment, and time goes on from there. */
  set(to: Date): Promise<void>;
}

/**
 * Puts a `now()` of the lab's own before that of Postgres, for every connection that is opened from now on: what the
 * engine asks the database for, it gets from here. So a delay of 25 days is lived through whole, with its last second,
 * and a change to summer time comes when the case wants it.
 */
export async function takeOverClock(lab: FaultLab): Promise<LabClock> {
  await lab.database.query(`
    CREATE SCHEMA lab_clock;
    CREATE TABLE lab_clock.off (by interval NOT NULL);
    INSERT INTO lab_clock.off VALUES ('0');
    CREATE FUNCTION lab_clock.now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT pg_catalog.now() + by FROM lab_clock.off';
    DO $$ BEGIN
      EXECUTE format('ALTER DATABASE %I SET search_path = public, lab_clock, pg_catalog', current_database());
    END $$`);
  return {
    async set(to) {
      await lab.database.query('UPDATE lab_clock.off SET by = $1::timestamptz - pg_catalog.now()', [to.toISOString()]);
    },
  };
}
