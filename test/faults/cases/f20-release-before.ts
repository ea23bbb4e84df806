import { eventually } from '../../support/eventually.js';
import type { CrmWorker, WorkerExit } from '../support/crm-worker.js';
import { emptyResult, type FaultCase, type FaultResult } from '../support/fault-case.js';
import type { FaultLab } from '../support/fault-lab.js';
import { LabDatabase } from '../support/lab-database.js';
import { closeBooks } from '../support/ledger.js';
import { type PackedRelease, RELEASE_BEFORE, unpackRelease } from '../support/packed-release.js';
import { inWords, quantile } from '../support/quantile.js';
import { answerSlowly, fourSteps, Load } from '../support/workload.js';

const EACH = 2;
const COUNTS = { short: { deploys: 1, runs: 60 }, long: { deploys: 9, runs: 240 } };
const PROMISED_EXIT_MS = 30_000;

/** How processes of the old release make room, once the new ones are there. */
const DEPLOYS = ['old ones go first', 'old ones go last', 'new ones go and come back'] as const;
type Deploy = (typeof DEPLOYS)[number];

/**
 * Rolling deploys: processes of the release before work under load on a database that they have made; those of this
 * release come beside them, migrate and work; then the old ones end, in turn as `DEPLOYS` says. Both create leads all the
 * time. Whether old processes go on working beside a new schema or leave the work to the others is for the release to say;
 * in either case nothing is lost and nothing happens twice.
 */
export const releaseBefore: FaultCase = {
  id: 'F20',
  title: `processes of release ${RELEASE_BEFORE} beside this one`,
  short: false,
  postgres: 'shared',
  async run(lab, scale) {
    const { deploys, runs } = COUNTS[scale];
    const release = await unpackRelease(RELEASE_BEFORE);
    lab.onClose(() => release.remove());
    answerSlowly(lab, 100);
    const result = emptyResult();
    const exits: WorkerExit[] = [];
    const claims = { old: 0, all: 0 };
    for (let number = 0; number < deploys; number += 1) {
      const deploy = DEPLOYS[number % DEPLOYS.length] as Deploy;
      const rolled = new RollingDeploy(lab, release, await databaseBeside(lab), runs);
      const books = await rolled.roll(deploy);
      const place = `deploy ${number + 1} (${deploy})`;
      addUp(result, { ...books, violations: [...books.violations, ...rolled.violations].map((violation) => `${place}: ${violation}`) });
      result.inflicted += 1;
      exits.push(...rolled.exits);
      claims.old += rolled.claims.old;
      claims.all += rolled.claims.all;
    }
    const longest = inWords(
      quantile(
        exits.map(({ ms }) => ms),
        1,
      ),
    );
    result.notes.push(
      `beside the new processes the old ones claimed ${claims.old} of ${claims.all} runs`,
      `${exits.length} processes were ended, the slowest took ${longest}`,
    );
    return result;
  },
};

/** A database on the same server, empty: the lab's own has this release's tables already. */
async function databaseBeside(lab: FaultLab): Promise<LabDatabase> {
  const database = await LabDatabase.create(lab.database.url);
  lab.onClose(() => database.drop());
  return database;
}

/** One deploy, from the first process of the old release to the last run. */
class RollingDeploy {
  readonly exits: WorkerExit[] = [];
  readonly violations: string[] = [];
  /** Claims since the new processes were there. */
  claims = { old: 0, all: 0 };
  private readonly old: CrmWorker[] = [];
  private readonly fresh: CrmWorker[] = [];
  private turn = 0;
  private started = 1;

  constructor(
    private readonly lab: FaultLab,
    private readonly release: PackedRelease,
    private readonly database: LabDatabase,
    private readonly runs: number,
  ) {}

  async roll(deploy: Deploy) {
    const { lab, database, runs } = this;
    lab.https.arrivals.clear();
    lab.smtp.arrivals.clear();
    lab.fleet.keepSpares(EACH);
    await this.start(this.old, { program: this.release.program });
    await this.old[0]?.publishWorkflow(fourSteps(lab));
    const crm = {
      ...lab.crm,
      createLead: async (values = {}) => ({ id: await this.next().createLead({ name: 'Ada', email: 'ada@lead.test', ...values }) }),
    };
    const at: FaultLab = { ...lab, database, crm };
    const load = Load.startDoled(at, { most: runs, lanes: 4 });
    const reach = async (share: number): Promise<void> => {
      load.allow(Math.ceil(runs * share));
      await eventually(() => {
        if (load.acknowledged.length < Math.floor(runs * share)) throw new Error('not yet');
      }, 60_000);
    };
    await reach(1 / 4);
    // The old ones are in the middle of their work when the new ones migrate.
    load.allow(Math.ceil(runs / 2));
    await this.start(this.fresh, {});
    await database.noteClaims();
    await reach(3 / 4);
    if (deploy === 'old ones go first') await this.end(this.old);
    if (deploy === 'new ones go and come back') await this.end(this.fresh);
    await reach(1);
    await load.done();
    if (this.fresh.length === 0) await this.start(this.fresh, {});
    const books = await closeBooks(at, load.acknowledged);
    this.claims = await claimsOf(database);
    await this.end(this.old);
    await this.end(this.fresh);
    return books;
  }

  /** The process whose turn it is to create a lead: old and new ones in turn. */
  private next(): CrmWorker {
    const alive = [...this.old, ...this.fresh];
    this.turn += 1;
    return alive[this.turn % alive.length] as CrmWorker;
  }

  private async start(among: CrmWorker[], launch: { program?: string }): Promise<void> {
    const kind = launch.program === undefined ? 'new' : 'old';
    const names = Array.from({ length: EACH }, (_, index) => `${kind}-${this.started + index}`);
    this.started += EACH;
    const orders = { databaseUrl: this.database.url };
    among.push(...(await Promise.all(names.map((name) => this.lab.fleet.start({ ...launch, orders, name })))));
  }

  /** As a deploy ends them: by SIGTERM; one in four does not wait for the end. */
  private async end(among: CrmWorker[]): Promise<void> {
    for (const worker of among.splice(0)) {
      if (this.lab.random.between(1, 4) === 1) {
        await worker.kill();
        continue;
      }
      const exit = await worker.term();
      this.exits.push(exit);
      if (exit.code !== 0) this.violations.push(`${worker.name} ended with ${exit.code ?? exit.signal}: ${worker.said}`);
      if (exit.ms > PROMISED_EXIT_MS) this.violations.push(`${worker.name} took ${inWords(exit.ms)} to end; promised are 30 s`);
    }
  }
}

function claimsOf(database: LabDatabase): Promise<{ old: number; all: number }> {
  return database.one(
    `SELECT count(*)::int AS all, (count(*) FILTER (WHERE starts_with(worker, 'old')))::int AS old FROM fault_lab.claims`,
  );
}

function addUp(total: FaultResult, books: Awaited<ReturnType<typeof closeBooks>>): void {
  for (const count of ['runs', 'lost', 'localDuplicates', 'externalCalls', 'externalDuplicates'] as const) total[count] += books[count];
  total.notes.push(...books.notes);
  total.violations.push(...books.violations);
}
