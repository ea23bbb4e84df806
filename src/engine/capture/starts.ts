import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v5 as uuidv5 } from 'uuid';
import type { Trigger } from '../../core/definition/types.js';
import { AutomationError, type Problem } from '../../core/errors.js';
import { type Actor, type RecordRef, START_RULES, type StartRule } from '../../core/event.js';
import { isJsonObject, type JsonObject } from '../../core/json.js';
import { jsonBytes, toStorableJson } from '../../core/storable-json.js';
import { declaredInput } from '../../core/trigger/manual-input.js';
import { AutomationDatabase } from '../../store/database.js';
import { type EventRef, insertStarts, type StartRow } from '../../store/event-store.js';
import { insertReplays, type Replay } from '../../store/replay-store.js';
import { startRow } from '../../store/start-row.js';
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
  /** Rules of the workflow that do not hold for this start. */
  force?: StartRule[];
}

/** The source of such starts: what their keys are unique within. */
export const MANUAL = 'manual';
/** Longest texts that become keys or indexed columns. */
const TEXT_LENGTH = 200;
/** Of the inputs of starts that belong together. */
const MOST_BATCH_BYTES = 16 * 1024 * 1024;
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

  /**
   * The rows of a start on each of the records, which belong together under `batchId`; with a key each has one of its own, told
   * from the batch and its record. Throws as {@link start} does; writes nothing.
   */
  async rowsOn(
    start: Omit<ManualStart, 'record'>,
    records: readonly RecordRef[],
    batchId: string,
    manager: EntityManager,
  ): Promise<StartRow[]> {
    const rowOn = await this.prepare(start, records, manager);
    // Each start keeps an input of its own.
    const bytes = jsonBytes(toStorableJson(start.input ?? {})) * records.length;
    if (bytes > MOST_BATCH_BYTES) {
      throw new AutomationError(
        'payload_too_large',
        `The input on ${records.length} records is ${bytes} bytes of JSON; ${MOST_BATCH_BYTES} are allowed.`,
        { hint: 'Store large data in the CRM, and give its id; or name fewer records at once.' },
      );
    }
    return records.map((record) => {
      const row = rowOn(record);
      const key = row.key === null ? null : uuidv5(JSON.stringify([record.module, record.id]), batchId);
      return { ...row, key, originId: batchId };
    });
  }

  /** Captures starts that belong together, in the manager's transaction. Returns how many: those whose key is known already are left out. */
  async capture(rows: readonly StartRow[], manager: EntityManager): Promise<number> {
    // Two calls with the same keys take them in one order, so that one waits for the other and never both.
    const inOrder = [...rows].sort((one, other) => (one.key ?? '').localeCompare(other.key ?? ''));
    const inserted = await insertStarts(manager, inOrder);
    this.wakeUp.announceAfterCommit(manager);
    return inserted.size;
  }

  /** Captures an event again, once for each of the workflows, in the manager's transaction. False: it is gone. */
  async replay(event: EventRef, replays: readonly Replay[], manager: EntityManager): Promise<boolean> {
    const written = await insertReplays(manager, event, replays);
    this.wakeUp.announceAfterCommit(manager);
    return written === replays.length;
  }

  private async write(start: ManualStart, manager: EntityManager): Promise<string | null> {
    const { record } = checked(start);
    const rowOn = await this.prepare(start, record === null ? [] : [record], manager);
    const row = rowOn(record);
    const inserted = await insertStarts(manager, [row]);
    return inserted.has(row.id) ? row.id : null;
  }

  /** All that is checked before anything is written; returns what makes the row of a start on a record. */
  private async prepare(
    start: ManualStart,
    records: readonly RecordRef[],
    manager: EntityManager,
  ): Promise<(record: RecordRef | null) => StartRow> {
    const { workspaceId, workflow, key, actor, force } = checked(start);
    const found = await findStartable(manager, workspaceId, workflow);
    if (found === null) throw new AutomationError('workflow_not_found', `There is no workflow '${workflow}'.`);
    if (!found.isPublished) {
      throw new AutomationError('workflow_not_published', `The workflow '${workflow}' has no published version.`, {
        hint: 'Publish it first.',
      });
    }
    for (const { module } of records) this.assertModule(module, found.trigger);
    const trigger = { type: 'manual', input: declaredInput(found.trigger, this.inputOf(start.input)) };
    const target = { workflowId: found.id, ...(force.length > 0 && { force }) };
    return (record) =>
      startRow({
        workspaceId,
        module: record?.module ?? null,
        event: 'manual',
        recordId: record?.id ?? null,
        actor,
        source: MANUAL,
        key,
        trigger,
        target,
      });
  }

  private assertModule(module: string, trigger: Trigger | null): void {
    const refused = (message: string, wanted: string): AutomationError =>
      new AutomationError('start_invalid', message, { problems: [{ path: 'record.module', message: wanted }] });
    if (!this.catalog.modules.has(module)) {
      throw refused(`There is no module '${module}'.`, `must be one of ${[...this.catalog.modules.keys()].join(', ')}`);
    }
    const wanted = trigger !== null && 'module' in trigger ? trigger.module : undefined;
    if (wanted === undefined || wanted === module) return;
    throw refused(`The workflow runs on records of ${wanted}, not of ${module}.`, `must be ${wanted}`);
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

/** The start with storable texts. Throws `start_invalid` with the path of each problem: the host's code may hand on whatever it was given. */
function checked(start: ManualStart) {
  const given: unknown = start;
  const problems: Problem[] = [];
  const text = (path: string, value: unknown): string => {
    if (typeof value === 'string' && value !== '' && value.length <= TEXT_LENGTH) return String(toStorableJson(value));
    problems.push({ path, message: `must be a text of 1 to ${TEXT_LENGTH} characters` });
    return '';
  };
  const { workspaceId, workflow, record, key, actor, force }: JsonObject = isJsonObject(given) ? given : {};
  const about = isJsonObject(record) ? record : {};
  const who = toStorableJson(actor ?? SYSTEM);
  const storable = {
    workspaceId: text('workspaceId', workspaceId),
    workflow: text('workflow', workflow),
    record: (record ?? null) === null ? null : { module: text('record.module', about.module), id: text('record.id', about.id) },
    key: (key ?? null) === null ? null : text('key', key),
    force: START_RULES.filter((rule) => Array.isArray(force) && force.includes(rule)),
    actor: isJsonObject(who) ? { ...SYSTEM, ...(who as Partial<Actor>) } : SYSTEM,
  };
  if (problems.length === 0) return storable;
  const list = problems.map(({ path, message }) => `${path} ${message}`).join('; ');
  throw new AutomationError('start_invalid', `The start cannot be captured: ${list}.`, { problems });
}
