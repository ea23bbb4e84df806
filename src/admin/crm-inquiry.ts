import { Inject, Injectable, Logger } from '@nestjs/common';
import DataLoader from 'dataloader';
import type { DefinitionWarning } from '../core/definition/warnings.js';
import { AutomationError } from '../core/errors.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine/engine-settings.js';
import { CRM_HOST, type CrmHost, type CrmTransaction } from '../host/crm-host.js';
import { AdminDatabase } from '../store/admin-database.js';
import { inSavepoint } from '../store/savepoint.js';

/** A question to the CRM; those of one key are the same. */
interface Question {
  key: string;
  /** Put in words: what the CRM is asked for. */
  what: string;
  put(tx: CrmTransaction): Promise<unknown>;
}

/** Asks the CRM about what definitions name, for people: what it does not tell keeps nobody from anything. */
@Injectable()
export class CrmInquiries {
  private readonly logger = new Logger('AutomationWarnings');

  constructor(
    private readonly database: AdminDatabase,
    @Inject(CRM_HOST) private readonly crm: CrmHost,
    @Inject(ENGINE_SETTINGS) private readonly settings: Pick<EngineSettings, 'limits'>,
  ) {}

  /** Returns the inquiry of one request. */
  open(workspaceId: string): CrmInquiry {
    return new CrmInquiry(this.database, this.crm, { workspaceId, limitMs: this.settings.limits.crmCallMs }, this.logger);
  }
}

/**
 * What one request asks the CRM, each question once. The host's own code may take its time, and somebody waits: what is asked in one
 * moment is asked on one of the few connections that people's requests have, which serves one question after the other, and whoever has
 * let an answer be late, or has taken the time of one call already, is asked nothing more.
 */
export class CrmInquiry {
  private readonly loader = new DataLoader<Question, unknown, string>((questions) => this.put(questions), {
    cacheKeyFn: ({ key }) => key,
  });
  private readonly unanswered = new Set<string>();
  private isAway = false;
  private spentMs = 0;

  constructor(
    private readonly database: AdminDatabase,
    private readonly crm: CrmHost,
    private readonly of: { workspaceId: string; limitMs: number },
    private readonly logger: Pick<Logger, 'warn'>,
  ) {}

  /** The stages of a module; null: it has none, or the answer did not come. */
  stages(module: string): Promise<string[] | null> {
    return this.ask(`stages ${module}`, `the stages of ${module}`, (tx) => this.crm.findStages(tx, module, {}));
  }

  /** The roles that users have; null: the CRM does not tell, or the answer did not come. */
  async roles(): Promise<string[] | null> {
    const { listRoles } = this.crm;
    return listRoles ? this.ask('roles', 'its roles', (tx) => listRoles.call(this.crm, tx)) : null;
  }

  /** Those of the users who are active; null: the answer did not come. */
  async activeUsers(ids: readonly string[]): Promise<ReadonlySet<string> | null> {
    const key = `users ${JSON.stringify(ids)}`;
    const active = await this.ask(key, 'users by their ids', (tx) => this.crm.findUsers(tx, { ids: [...ids] }));
    return active && new Set(active.map(({ id }) => id));
  }

  /** What is to be told of answers that did not come; null where all have. */
  get silence(): DefinitionWarning | null {
    if (this.unanswered.size === 0) return null;
    return {
      path: '',
      code: 'crm_no_answer',
      message: `The CRM gave no answer when it was asked for ${[...this.unanswered].join(' and for ')}: whether they are there was not checked.`,
      hint: 'It keeps you from nothing. Look again when the CRM answers.',
    };
  }

  private ask<Answer>(key: string, what: string, put: (tx: CrmTransaction) => Promise<Answer>): Promise<Answer | null> {
    return this.loader.load({ key, what, put }) as Promise<Answer | null>;
  }

  private async put(questions: readonly Question[]): Promise<unknown[]> {
    const answers = new Map<string, unknown>();
    const { workspaceId } = this.of;
    try {
      if (!this.isLate) {
        await this.database.read(async (manager) => {
          await this.database.enter(manager, workspaceId);
          for (const question of questions) await this.putOne(question, { manager, workspaceId }, answers);
        });
      }
    } catch (error) {
      this.log(questions.map(({ what }) => what).join(' and '), error);
    }
    return questions.map(({ key, what }) => {
      if (!answers.has(key)) this.unanswered.add(what);
      return answers.get(key) ?? null;
    });
  }

  private async putOne({ key, what, put }: Question, tx: CrmTransaction, answers: Map<string, unknown>): Promise<void> {
    if (this.isLate) return;
    const begun = Date.now();
    try {
      answers.set(key, await inSavepoint(tx.manager, () => put(tx)));
    } catch (error) {
      this.log(what, error);
    }
    this.spentMs += Date.now() - begun;
  }

  private get isLate(): boolean {
    return this.isAway || this.spentMs > this.of.limitMs;
  }

  private log(what: string, error: unknown): void {
    this.isAway ||= error instanceof AutomationError && error.code === 'crm_timed_out';
    this.logger.warn(`The CRM of workspace ${this.of.workspaceId} could not be asked for ${what}: ${String(error)}`);
  }
}
