import { Injectable } from '@nestjs/common';
import type { StepContext } from '../../actions/define-action.js';
import type { RecordData } from '../../core/event.js';
import type { StepAddress } from '../../core/plan/history.js';
import type { ReadyStep } from '../../core/plan/plan.js';
import type { Scope } from '../../core/scope.js';
import { AutomationCatalog } from '../automation-catalog.js';
import { Calendars } from '../calendars.js';
import { HostInjector } from '../host-injector.js';
import { standingsOf } from '../machines/standings.js';
import { ResumeLinks } from '../waits/resume-links.js';
import type { HeldRun } from './held-run.js';
import type { StepTransaction } from './step-transaction.js';

/** What a step sees of its run and its record, and what its action gets to know. */
@Injectable()
export class StepScopes {
  constructor(
    private readonly catalog: AutomationCatalog,
    private readonly host: HostInjector,
    private readonly calendars: Calendars,
    private readonly links: ResumeLinks,
  ) {}

  /** The step's scope, with the record as the transaction sees it. `write`: this step or one after it changes it, so it is locked. */
  async of(
    run: HeldRun,
    address: StepAddress,
    tx: Pick<StepTransaction, 'manager' | 'unit' | 'now' | 'writes'>,
    purpose: 'read' | 'write',
  ): Promise<Scope> {
    let record: RecordData | null = null;
    if (run.record && this.catalog.modules.has(run.record.module)) {
      record = await tx.unit.read(run.workspaceId, run.record, run.version.stepRelations, { lock: purpose === 'write' });
    }
    const scope = run.scopeAt(address, record, tx.now, this.calendars.of(run.workspaceId));
    const { stepMachines: codes } = run.version;
    if (codes.length > 0) {
      const asked = { workspaceId: run.workspaceId, record: run.record, codes };
      [scope.machine] = await standingsOf(tx.manager, [asked]);
    }
    if (run.version.addressed.length > 0) this.links.addTo(scope, run, address, tx.writes);
    return scope;
  }

  /** What every action gets to know of the step it performs. */
  contextOf(run: HeldRun, ready: ReadyStep, scope: Scope, now: Date): StepContext {
    return {
      workspaceId: run.workspaceId,
      runId: run.id,
      workflow: run.version.workflow,
      path: ready.path,
      attempt: ready.attempt,
      idempotencyKey: `${run.id}.${ready.path}`,
      module: run.record ? (this.catalog.modules.get(run.record.module) ?? null) : null,
      record: run.record,
      scope,
      now,
      inject: this.host.inject,
    };
  }
}
