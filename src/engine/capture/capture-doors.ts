import { Inject, Injectable } from '@nestjs/common';
import type { DataSource, EntityManager, EntitySubscriberInterface, QueryRunner } from 'typeorm';
import { AutomationError } from '../../core/errors.js';
import type { Actor } from '../../core/event.js';
import { CRM_HOST, type CrmHost, type SeenChange } from '../../host/crm-host.js';
import { sql } from '../../store/sql.js';
import { AutomationCatalog } from '../automation-catalog.js';
import { type CaptureDoor, ENGINE_SETTINGS, type EngineSettings } from '../engine-settings.js';
import { HOST_DATA_SOURCE } from '../wake-up.js';
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
    private readonly catalog: AutomationCatalog,
    private readonly intake: EventIntake,
  ) {}

  /** Opens the doors. Throws `options_invalid` for a module that cannot be captured so. */
  start(): void {
    const watched = this.modulesOf('subscriber');
    if (watched.length === 0) return;
    if (!this.crm.watch) {
      throw invalid('capture', "needs a CrmHost that can watch, such as typeOrmCrm(); yours has no method 'watch'");
    }
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
      changes.map(({ workspaceId, ...change }) => ({ ...change, workspaceId: workspaceId ?? this.sharedWorkspace(change.module), actor })),
      manager,
    );
  }

  private modulesOf(door: CaptureDoor): string[] {
    const modules = [...this.settings.capture].filter(([, chosen]) => chosen === door).map(([module]) => module);
    for (const module of modules) {
      if (!this.catalog.modules.has(module)) {
        throw invalid(`capture.${module}`, `is no module of the CRM; there are ${[...this.catalog.modules.keys()].join(', ')}`);
      }
      if (this.crm.identify?.(module, {}).isShared) this.sharedWorkspace(module);
    }
    return modules;
  }

  private sharedWorkspace(module: string): string {
    const { defaultWorkspaceId } = this.settings.emitter;
    if (defaultWorkspaceId !== null) return defaultWorkspaceId;
    throw invalid(`capture.${module}`, 'has records of every workspace; `emitter.defaultWorkspaceId` must say which one hears of them');
  }
}

function invalid(path: string, message: string): AutomationError {
  return new AutomationError('options_invalid', `The options of AutomationModule are not valid: ${path} ${message}.`, {
    problems: [{ path, message }],
  });
}
