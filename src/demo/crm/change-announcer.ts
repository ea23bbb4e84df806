import { Injectable } from '@nestjs/common';
import { EventEmitter2 } from '@nestjs/event-emitter';
import type { EntityManager } from 'typeorm';
import { type Actor, Automation, type RecordData } from '../../index.js';
import type { CrmModule } from './crm-modules.js';

/** One change to one record. `before` is null when it is new. */
export interface RecordChange {
  module: CrmModule;
  workspaceId: string;
  before: RecordData | null;
  after: RecordData;
  actor: Actor;
}

/** Tells automation what happened, by the door that the module has chosen. */
@Injectable()
export class ChangeAnnouncer {
  constructor(
    private readonly automation: Automation,
    private readonly emitter: EventEmitter2,
  ) {}

  /**
   * First door: leads, opportunities, invoices. `publishChange` writes the events (`created`, or `updated` and with it
   * `stage_changed`, `closed_won`, …) through our own transaction: no change without its event, no event without its change.
   */
  async inTransaction(change: RecordChange, manager: EntityManager): Promise<void> {
    if (change.module.door !== 'publish') return;
    const { workspaceId, before, after, actor } = change;
    await this.automation.publishChange({ workspaceId, module: change.module.name, before, after, actor }, manager);
  }

  /**
   * Second door: contacts, accounts, tasks. Plain domain events by EventEmitter2, as many CRMs emit already; automation
   * listens. `contacts.created` and `task.completed`: both ways to name them are understood.
   */
  afterCommit({ module, workspaceId, before, after, actor }: RecordChange): void {
    if (module.door !== 'emitter') return;
    const payload = { workspaceId, record: after, previous: before, actor };
    this.emitter.emit(`${module.name}.${before === null ? 'created' : 'updated'}`, payload);
    if (module.name === 'tasks' && after.status === 'Completed' && before?.status !== 'Completed') {
      this.emitter.emit('task.completed', payload);
    }
  }
}
