import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Actor } from '../core/event.js';
import { AutomationEngine, type Tick } from './automation-engine.js';
import type { AutomationEvent, RecordChange } from './capture/automation-event.js';
import { CaptureDoors } from './capture/capture-doors.js';
import { EventIntake } from './capture/event-intake.js';
import { Integrations } from './capture/integrations.js';
import { type ManualStart, Starts } from './capture/starts.js';

/** What the CRM's own code uses: inject it and publish. */
@Injectable()
export class Automation {
  constructor(
    private readonly intake: EventIntake,
    private readonly starts: Starts,
    private readonly doors: CaptureDoors,
    private readonly engine: AutomationEngine,
    /** How the host's integrations tell what they do. */
    readonly integrations: Integrations,
  ) {}

  /**
   * Captures one event or several. Give the EntityManager of your transaction: the events then exist if and only if it
   * commits, at the cost of one INSERT. Without one they are captured at once, in a transaction of their own.
   *
   * ```ts
   * await this.dataSource.transaction(async (manager) => {
   *   const lead = await manager.save(Lead, input);
   *   await this.automation.publish({ workspaceId, module: 'leads', event: 'created', record: lead, actor }, manager);
   * });
   * ```
   *
   * Throws `event_invalid` (with the path of each problem), before anything is written. Of a record the event keeps what the
   * catalog knows of it; what makes it larger than `limits.payloadBytes` is cut, the longest texts first.
   */
  publish(events: AutomationEvent | readonly AutomationEvent[], manager?: EntityManager): Promise<void> {
    return this.intake.publish(events, manager);
  }

  /**
   * Captures the events of a change, derived from the record before and after by the rules of its module: `created`,
   * `updated`, `stage_changed`, `closed_won`, `deleted`, … Otherwise as {@link publish}.
   */
  publishChange(change: RecordChange, manager?: EntityManager): Promise<void> {
    return this.intake.publishChange(change, manager);
  }

  /**
   * Says who makes the changes of this transaction that `capture` sees: `SET LOCAL automation.actor`, for other services to
   * write by hand (an id, or JSON `{ "type": "user", "id": … }`). Throws `transaction_required` without one.
   */
  actAs(actor: Actor, manager: EntityManager): Promise<void> {
    return this.doors.actAs(actor, manager);
  }

  /**
   * Starts one workflow, whatever its trigger listens to, with an input that its steps see as `trigger.input`. With a
   * manager: if and only if its transaction commits. Returns the id of the start, under which `GET events/:id` tells what
   * came of it; null when its key is known already. Throws `workflow_not_found`, `workflow_not_published`, `start_invalid`,
   * `payload_too_large`.
   */
  start(start: ManualStart, manager?: EntityManager): Promise<string | null> {
    return this.starts.start(start, manager);
  }

  /** Routes and runs one batch of what is due now, and waits for its external steps. For tests, and for hosts with loops of their own. */
  tick(): Promise<Tick> {
    return this.engine.tick();
  }

  /** {@link tick} until nothing is due. */
  drain(): Promise<Tick> {
    return this.engine.drain();
  }
}
