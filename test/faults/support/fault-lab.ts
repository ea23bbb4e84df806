import { Fleet } from './fleet.js';
import type { HotSpares } from './hot-spares.js';
import { type HttpsReceiver, startHttpsReceiver } from './https-receiver.js';
import { type LabCrm, openLabCrm } from './lab-crm.js';
import { LabDatabase } from './lab-database.js';
import type { OwnPostgres } from './lab-postgres.js';
import type { SeededRandom } from './seeded-random.js';
import { type SmtpReceiver, startSmtpReceiver } from './smtp-receiver.js';

/**
 * The lease of the lab's workers. Short, so that cases need not wait half a minute for each death, and long enough for a process
 * that shares two cores with thirty others; the rest of the module knows no difference.
 */
const LEASE_MS = 5_000;

/** Everything one case works with; closed for it, whatever happens. */
export interface FaultLab {
  random: SeededRandom;
  /** The lease of workers that are not told otherwise. */
  leaseMs: number;
  database: LabDatabase;
  /** Worker processes. */
  fleet: Fleet;
  /** The far sides. */
  https: HttpsReceiver;
  smtp: SmtpReceiver;
  /** Makes workflows and records from within this process. */
  crm: LabCrm;
  /** The server, for cases that asked for one of their own. */
  postgres(): OwnPostgres;
  /** What has to end with the lab, also when the case throws: a load that goes on would keep this process alive for ever. */
  onClose(end: () => Promise<void>): void;
  /** Kills the workers, drops the database, closes the rest. */
  close(): Promise<void>;
}

/** What a lab is made from. */
export interface LabParts {
  random: SeededRandom;
  serverUrl: string;
  /** What its database is a copy of, where there is one on that server. */
  template: LabDatabase | null;
  postgres: OwnPostgres | null;
  spares: HotSpares;
}

/** Makes the database that labs on a server begin with, and closes it: to make all that is in it takes ten times as long as a copy. */
export async function makeLabTemplate(serverUrl: string): Promise<LabDatabase> {
  const database = await LabDatabase.create(serverUrl);
  try {
    await (await openLabCrm({ databaseUrl: database.url, smtpUrl: 'smtp://127.0.0.1:1', outboundAllow: [] })).close();
    await database.noteClaims();
    await database.close();
    return database;
  } catch (error) {
    await database.drop();
    throw error;
  }
}

/** Builds a lab. When that fails half-way, what there is already is taken down. */
export async function openFaultLab(parts: LabParts): Promise<FaultLab> {
  const closing: (() => Promise<void>)[] = [];
  const opened = <P>(part: P, close: (part: P) => Promise<void>): P => {
    closing.push(() => close(part));
    return part;
  };
  // Backwards, once, and each of them, whatever the others say.
  const close = async (): Promise<void> => {
    for (const one of closing.splice(0).reverse()) await one().catch((error: unknown) => console.error(`fault lab: ${String(error)}`));
  };
  try {
    const database = opened(await LabDatabase.create(parts.serverUrl, parts.template ?? undefined), (it) => it.drop());
    const https = opened(await startHttpsReceiver(), (it) => it.close());
    const smtp = opened(await startSmtpReceiver(), (it) => it.close());
    const place = { databaseUrl: database.url, smtpUrl: smtp.url, outboundAllow: [https.host] };
    const crm = opened(await openLabCrm(place), (it) => it.close());
    if (parts.template === null) await database.noteClaims();
    const fleet = opened(new Fleet(parts.spares, place, { leaseMs: LEASE_MS }), (it) => it.close());
    const postgres = (): OwnPostgres => {
      if (parts.postgres === null) throw new Error("This case did not ask for a Postgres of its own: say `postgres: 'own'`.");
      return parts.postgres;
    };
    const onClose = (end: () => Promise<void>): void => void closing.push(end);
    return { random: parts.random, leaseMs: LEASE_MS, database, fleet, https, smtp, crm, postgres, onClose, close };
  } catch (error) {
    await close();
    throw error;
  }
}
