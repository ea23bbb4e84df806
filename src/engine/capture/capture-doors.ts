import { Inject, Injectable } from '@nestjs/common';
import type { DataSource, EntityManager, EntitySubscriberInterface, QueryRunner } from 'typeorm';
import { AutomationError } from '../../core/errors.js';
import type { Actor } from '../../core/event.js';
import { CRM_HOST, type CrmHost, type SeenChange } from '../../host/crm-host.js';
import { AutomationDatabase } from '../../store/database.js';
import { sql } from '../../store/sql.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine-settings.js';
import { HOST_DATA_SOURCE } from '../wake-up.js';
import { bringTriggersUpToDate } from './capture-triggers.js';
import { invalid, modulesOf, sharedWorkspace, triggersOf } from './captured-modules.js';
import { EventIntake } from './event-intake.js';

/**
 * The doors that capture changes where they are written, without a line in the host's services, and who is taken to have
 * made them.
 */
@Injectable()
export class CaptureDoors implements EntitySubscriberInterface {
  /** Who acts in a transaction of the host's. */
  private readonly actors = new WeakMap<QueryRunner, Actor>();
  private detach: (() => void)[] = [];

  constructor(
    @Inject(HOST_DATA_SOURCE) private readonly hostSource: DataSource,
    @Inject(CRM_HOST) private readonly crm: CrmHost,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
    private readonly database: AutomationDatabase,
    private readonly intake: EventIntake,
  ) {}

  /** Opens the doors. Those in the database stay open, whoever is up. Throws `options_invalid`, `schema_behind`, `capture_not_installed`. */
  async start(): Promise<void> {
    const watched = modulesOf('subscriber', this.crm, this.settings);
    const wanted = triggersOf(this.crm, this.settings);
    if (this.settings.capture.size === 0) return;
    const mode = this.database.migrationMode;
    await bringTriggersUpToDate(this.database.dataSource.manager, { wanted, others: watched, mode });
    if (watched.length === 0) return;
    if (!this.crm.watch) throw invalid('capture', "needs a CrmHost that can watch, such as typeOrmCrm(); yours has no method 'watch'");
    this.detach.push(this.crm.watch(this.hostSource, watched, (changes, manager) => this.capture(changes, manager)));
    this.hostSource.subscribers.push(this);
    this.detach.push(() => {
      const at = this.hostSource.subscribers.indexOf(this);
      if (at >= 0) this.hostSource.subscribers.splice(at, 1);
    });
  }

  stop(): void {
    for (const detach of this.detach) detach();
    this.detach = [];
  }

  /** See `Automation.actAs`. */
  async actAs(actor: Actor, manager: EntityManager): Promise<void> {
    const runner = manager.queryRunner;
    if (!runner?.isTransactionActive) {
      throw new AutomationError('transaction_required', 'actAs() needs the EntityManager of an open transaction.', {
        hint: 'Call it inside dataSource.transaction(), with the manager that it gives you.',
      });
    }
    this.actors.set(runner, actor);
    await sql(manager, `SELECT set_config('automation.actor', $1, true)`, [JSON.stringify(actor)]);
  }

  afterTransactionCommit({ queryRunner }: { queryRunner: QueryRunner }): void {
    if (!queryRunner.isTransactionActive) this.actors.delete(queryRunner);
  }

  afterTransactionRollback({ queryRunner }: { queryRunner: QueryRunner }): void {
    if (!queryRunner.isTransactionActive) this.actors.delete(queryRunner);
  }

  private async capture(changes: readonly SeenChange[], manager: EntityManager): Promise<void> {
    const runner = manager.queryRunner;
    const actor = (runner && this.actors.get(runner)) ?? this.settings.actor?.() ?? undefined;
    await this.intake.publishSeen(
      changes.map(({ workspaceId, ...change }) => ({
        ...change,
        workspaceId: workspaceId ?? sharedWorkspace(change.module, this.crm, this.settings) ?? '',
        actor,
      })),
      manager,
    );
  }
}
