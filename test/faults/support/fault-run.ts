import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TEST_CERTIFICATE } from '../../actions/support/tls.js';
import { emptyResult, type FaultCase, type FaultResult, type Scale } from './fault-case.js';
import { type FaultLab, makeLabTemplate, openFaultLab } from './fault-lab.js';
import { HotSpares } from './hot-spares.js';
import type { LabDatabase } from './lab-database.js';
import { type OwnPostgres, startOwnPostgres } from './lab-postgres.js';
import { seededRandom } from './seeded-random.js';

/** What became of one case. */
export type FaultOutcome = { kind: 'ran'; result: FaultResult; seconds: number } | { kind: 'skipped'; reason: string };

/** How the cases of one run are run. */
export interface FaultRunOptions {
  seed: number;
  scale: Scale;
  /** The server of cases that do not need one of their own; started here when it is not given. */
  serverUrl?: string;
  /** Whether cases may start servers of their own. False where the user has named a server: nobody must wonder what was tested. */
  ownServers: boolean;
}

/** Why a case cannot run here; null when it can. */
export function obstacleOf(one: FaultCase, ownServers: boolean): string | null {
  return one.postgres === 'own' && !ownServers ? 'needs a Postgres of its own; unset DATABASE_URL' : null;
}

/** What the cases of one run share: hot spares and a server. */
export class FaultRun {
  private lab: FaultLab | null = null;
  private shared: OwnPostgres | null = null;
  /** Of the shared server. */
  private template: LabDatabase | null = null;
  private readonly own = new Set<OwnPostgres>();

  private constructor(
    private readonly options: FaultRunOptions,
    private readonly folder: string,
    private readonly spares: HotSpares,
  ) {}

  static async open(options: FaultRunOptions): Promise<FaultRun> {
    const folder = await mkdtemp(join(tmpdir(), 'nestjs-crm-automation-faults-'));
    const caFile = join(folder, 'receiver.pem');
    await writeFile(caFile, TEST_CERTIFICATE);
    const spares = new HotSpares(caFile);
    // Loaded while the first case sets up its database.
    spares.prepare(2);
    return new FaultRun(options, folder, spares);
  }

  async run(one: FaultCase): Promise<FaultOutcome> {
    const reason = obstacleOf(one, this.options.ownServers);
    if (reason !== null) return { kind: 'skipped', reason };
    const began = performance.now();
    const result = await this.resultOf(one);
    return { kind: 'ran', result, seconds: (performance.now() - began) / 1000 };
  }

  /** Takes everything down, also in the middle of a case. */
  async close(): Promise<void> {
    await this.closeLab();
    await this.spares.close();
    for (const server of this.own) await server.remove();
    await this.template?.drop();
    await this.shared?.remove();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** A case that throws has not shown anything: that is a violation like any other, and the next case runs. */
  private async resultOf(one: FaultCase): Promise<FaultResult> {
    const unhandled: string[] = [];
    const note = (error: unknown): void => void unhandled.push(`the lab's own CRM: nobody handled ${textOf(error)}`);
    process.on('unhandledRejection', note);
    process.on('uncaughtException', note);
    let postgres: OwnPostgres | null = null;
    let ofWorkers: string[] = [];
    let result = emptyResult();
    try {
      if (one.postgres === 'own') {
        postgres = await startOwnPostgres();
        this.own.add(postgres);
      }
      const serverUrl = postgres?.url ?? (await this.serverUrl());
      if (postgres === null) this.template ??= await makeLabTemplate(serverUrl);
      const template = postgres === null ? this.template : null;
      const random = seededRandom(this.options.seed, one.id);
      this.lab = await openFaultLab({ random, serverUrl, template, postgres, spares: this.spares });
      result = await one.run(this.lab, this.options.scale);
    } catch (error) {
      result.violations.push(`the case ended with ${textOf(error)}`);
    } finally {
      ofWorkers = this.lab?.fleet.violations ?? [];
      await this.closeLab();
      process.off('unhandledRejection', note);
      process.off('uncaughtException', note);
    }
    if (postgres !== null) {
      await postgres.remove();
      this.own.delete(postgres);
    }
    return { ...result, violations: [...result.violations, ...ofWorkers, ...unhandled] };
  }

  private async closeLab(): Promise<void> {
    await this.lab?.close();
    this.lab = null;
  }

  private async serverUrl(): Promise<string> {
    if (this.options.serverUrl !== undefined) return this.options.serverUrl;
    this.shared ??= await startOwnPostgres();
    return this.shared.url;
  }
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const problems = 'problems' in error ? ` ${JSON.stringify(error.problems)}` : '';
  return `${error.stack ?? error.message}${problems}`;
}
