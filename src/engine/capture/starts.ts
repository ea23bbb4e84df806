import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AutomationError } from '../../core/errors.js';
import type { Actor, RecordRef } from '../../core/event.js';
import { isJsonObject, type JsonObject } from '../../core/json.js';
import { jsonBytes, toStorableJson } from '../../core/storable-json.js';
import { AutomationDatabase } from '../../store/database.js';
import { insertStarts, type StartRow } from '../../store/event-store.js';
import { findStartable } from '../../store/workflow-store.js';
import { AutomationCatalog } from '../automation-catalog.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine-settings.js';
import { WakeUp } from '../wake-up.js';

/** A start that a person or the host's code asks for. */
export interface ManualStart {
  workspaceId: string;
  /** The workflow's code or id. */
  workflow: string;
  /** What steps see as `trigger.input`. */
  input?: object;
  /** The record that the run is about. */
  record?: RecordRef;
  actor?: Actor;
  /** Deduplication: a start of the same workspace and key is captured once while the first is kept. */
  key?: string;
}

/** The source of such starts: what their keys are unique within. */
export const MANUAL = 'manual';
const SYSTEM: Actor = { type: 'system', id: null };

/** The door for starts that name their workflow: one row, which the router routes like an event. */
@Injectable()
export class Starts {
  constructor(
    private readonly database: AutomationDatabase,
    private readonly catalog: AutomationCatalog,
    private readonly wakeUp: WakeUp,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
  ) {}

  /**
   * Captures a start and returns the id of its event; null when its key is known already. With a manager: in its
   * transaction. Whether a run comes of it the router decides, and logs why not. Throws `workflow_not_found`,
   * `workflow_not_published`, `start_invalid`, `payload_too_large`, before anything is written.
   */
  async start(start: ManualStart, manager?: EntityManager): Promise<string | null> {
    if (manager === undefined) {
      const id = await this.database.transaction((own) => this.write(start, own));
      this.wakeUp.announce('events');
      return id;
    }
    const id = await this.write(start, manager);
    this.wakeUp.announceAfterCommit(manager);
    return id;
  }

  private async write(start: ManualStart, manager: EntityManager): Promise<string | null> {
    const { workspaceId, workflow, record, key = null, actor = SYSTEM } = start;
    const found = await findStartable(manager, workspaceId, workflow);
    if (found === null) throw new AutomationError('workflow_not_found', `There is no workflow '${workflow}'.`);
    if (!found.isPublished) {
      throw new AutomationError('workflow_not_published', `The workflow '${workflow}' has no published version.`, {
        hint: 'Publish it first.',
      });
    }
    if (record !== undefined && !this.catalog.modules.has(record.module)) {
      throw new AutomationError('start_invalid', `There is no module '${record.module}'.`, {
        problems: [{ path: 'record.module', message: `must be one of ${[...this.catalog.modules.keys()].join(', ')}` }],
      });
    }
    const row: StartRow = {
      id: uuidv7(),
      workspaceId,
      module: record?.module ?? null,
      event: 'manual',
      recordId: record?.id ?? null,
      record: null,
      previous: null,
      changes: null,
      actor,
      cause: null,
      source: MANUAL,
      key,
      trigger: { type: 'manual', input: this.inputOf(start.input) },
      target: { workflowId: found.id },
      parent: null,
    };
    const inserted = await insertStarts(manager, [row]);
    return inserted.has(row.id) ? row.id : null;
  }

  private inputOf(input: object | undefined): JsonObject {
    const json = toStorableJson(input ?? {});
    if (!isJsonObject(json)) {
      throw new AutomationError('start_invalid', 'The input of a start must be an object.', {
        problems: [{ path: 'input', message: 'must be an object' }],
      });
    }
    const bytes = jsonBytes(json);
    if (bytes <= this.settings.limits.payloadBytes) return json;
    throw new AutomationError(
      'payload_too_large',
      `The input is ${bytes} bytes of JSON; ${this.settings.limits.payloadBytes} are allowed.`,
      { hint: 'Store large data in the CRM, and give its id.' },
    );
  }
}
