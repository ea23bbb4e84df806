import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v5 as uuidv5, v7 as uuidv7 } from 'uuid';
import { AutomationError, type Problem } from '../../core/errors.js';
import type { Actor } from '../../core/event.js';
import { isJsonObject, type JsonObject } from '../../core/json.js';
import { jsonBytes, toStorableJson } from '../../core/storable-json.js';
import type { IntegrationEvent } from '../../core/trigger/integration-events.js';
import { AutomationDatabase } from '../../store/database.js';
import { type EventRow, insertStarts, type StartRow } from '../../store/event-store.js';
import { findIntegration, type KeptIntegration } from '../../store/integrations.js';
import { WakeUp } from '../wake-up.js';
import { EventIntake } from './event-intake.js';

/** Whose integration something is said of. */
export interface IntegrationNotice {
  workspaceId: string;
  /** The integration's code. */
  integration: string;
  actor?: Actor;
  /** What else is to be known of it, as `trigger.data`: the partner's answer, how many records came. */
  data?: object;
}

/** Records that an integration has brought, or taken away. */
export interface TransferredRecords extends IntegrationNotice {
  /** The records, as `publish` takes them. */
  records: readonly object[];
}

/** A run of an integration that begins or ends. */
export interface IntegrationRun extends IntegrationNotice {
  /** What the integration calls its run. Said again, nothing happens. */
  runKey: string;
}

/** The source of such events: what their keys are unique within. */
const SOURCE = 'integration';
/** Keys of run events are made of what they are about. */
const KEY_SPACE = '5d1f3c0e-6b0a-4c8e-9a51-2f7c9f2f4d10';
const KEY_LENGTH = 200;
const MOST_DATA_BYTES = 64 * 1024;
const SYSTEM: Actor = { type: 'system', id: null };

/** How the host's integrations tell what they do: `automation.integrations`. */
@Injectable()
export class Integrations {
  constructor(
    private readonly database: AutomationDatabase,
    private readonly intake: EventIntake,
    private readonly wakeUp: WakeUp,
  ) {}

  /**
   * Says that an integration has brought these records: the event `imported` for each of them. With the manager of your
   * transaction it exists if and only if that commits. Returns how many events were captured: none while the integration is
   * disabled. Throws `integration_not_found`, `event_invalid`.
   *
   * ```ts
   * await this.automation.integrations.imported({ workspaceId, integration: 'erp', records: orders }, manager);
   * ```
   */
  imported(transferred: TransferredRecords, manager?: EntityManager): Promise<number> {
    return this.tell(transferred, manager, (integration) => this.ofRecords('import', 'imported', transferred, integration));
  }

  /** The same of records that an integration has taken away: the event `exported`. */
  exported(transferred: TransferredRecords, manager?: EntityManager): Promise<number> {
    return this.tell(transferred, manager, (integration) => this.ofRecords('export', 'exported', transferred, integration));
  }

  /**
   * Says that a run of an integration has begun: the event `run_started`, once for each run. Machines that are for the
   * integration follow its runs. Otherwise as {@link imported}.
   */
  runStarted(run: IntegrationRun, manager?: EntityManager): Promise<number> {
    return this.tell(run, manager, (integration) => [ofRun('run_started', run, integration)]);
  }

  /** The same of a run that has ended: the event `run_finished`. */
  runFinished(run: IntegrationRun, manager?: EntityManager): Promise<number> {
    return this.tell(run, manager, (integration) => [ofRun('run_finished', run, integration)]);
  }

  private async tell(
    { workspaceId, integration: code }: IntegrationNotice,
    manager: EntityManager | undefined,
    rowsOf: (integration: KeptIntegration) => StartRow[],
  ): Promise<number> {
    const write = async (tx: EntityManager): Promise<number> => {
      const integration = await findIntegration(tx, workspaceId, code);
      if (!integration) throw unknownIntegration(code);
      return integration.enabled ? (await insertStarts(tx, rowsOf(integration))).size : 0;
    };
    if (manager === undefined) {
      const captured = await this.database.transaction(write);
      if (captured > 0) this.wakeUp.announce('events');
      return captured;
    }
    const captured = await write(manager);
    if (captured > 0) this.wakeUp.announceAfterCommit(manager);
    return captured;
  }

  private ofRecords(
    type: 'import' | 'export',
    event: IntegrationEvent,
    { workspaceId, records, actor, data }: TransferredRecords,
    integration: KeptIntegration,
  ): StartRow[] {
    const { module } = integration;
    if (module === null) {
      throw invalid([{ path: 'integration', message: `has no module: "${integration.code}" has runs alone` }]);
    }
    if (!Array.isArray(records)) throw invalid([{ path: 'records', message: 'must be a list of records' }]);
    const problems: Problem[] = [];
    const kept = storableData(data, problems);
    if (problems.length > 0) throw invalid(problems);
    const rows = this.intake.rowsOf(records.map((record: object) => ({ workspaceId, module, event, record, actor, source: SOURCE })));
    return rows.map((row) => withTrigger(row, { type, ...about(integration), module, event, recordId: row.recordId, data: kept }));
  }
}

function ofRun(event: IntegrationEvent, { workspaceId, runKey, data, actor }: IntegrationRun, integration: KeptIntegration): StartRow {
  const problems: Problem[] = [];
  if (typeof runKey !== 'string' || runKey === '' || runKey.length > KEY_LENGTH) {
    problems.push({ path: 'runKey', message: `must be a text of 1 to ${KEY_LENGTH} characters` });
  }
  const kept = storableData(data, problems);
  if (problems.length > 0) throw invalid(problems);
  const given = isJsonObject(actor) ? toStorableJson({ type: actor.type, id: actor.id, name: actor.name, roles: actor.roles }) : {};
  const { module, code } = integration;
  const row: EventRow = {
    id: uuidv7(),
    workspaceId,
    module,
    event,
    recordId: null,
    record: null,
    previous: null,
    changes: null,
    cut: null,
    actor: { ...SYSTEM, ...(given as Partial<Actor>) },
    cause: null,
    source: SOURCE,
    key: uuidv5(JSON.stringify([code, event, runKey]), KEY_SPACE),
  };
  return withTrigger(row, {
    type: 'integration',
    ...about(integration),
    module,
    event,
    runKey: String(toStorableJson(runKey)),
    data: kept,
  });
}

function storableData(data: object | undefined, problems: Problem[]): JsonObject {
  const kept = data === undefined ? {} : toStorableJson(data);
  if (isJsonObject(kept) && jsonBytes(kept) <= MOST_DATA_BYTES) return kept;
  problems.push({ path: 'data', message: `must be an object of at most ${MOST_DATA_BYTES / 1024} KB` });
  return {};
}

/** What machines and steps see of it: which integration, and the one machine that is meant. */
function about({ code, machine }: KeptIntegration): JsonObject {
  return { integration: code, ...(machine !== null && { machine }) };
}

function withTrigger(row: EventRow, trigger: JsonObject): StartRow {
  return { ...row, trigger: { ...trigger, eventId: row.id }, target: null, parent: null };
}

function unknownIntegration(code: unknown): AutomationError {
  return new AutomationError('integration_not_found', `The workspace has no integration '${String(code)}'.`, {
    hint: 'Make it by `PUT integrations/:code`.',
  });
}

function invalid(problems: Problem[]): AutomationError {
  return new AutomationError(
    'event_invalid',
    `What the integration tells cannot be captured: ${problems.map(({ path, message }) => `${path} ${message}`).join('; ')}.`,
    { problems },
  );
}
