import { Inject, Injectable, Logger } from '@nestjs/common';
import { isJsonObject } from '../../core/json.js';
import { within } from '../../store/within.js';
import { AutomationCatalog } from '../automation-catalog.js';
import { type EmitterSettings, ENGINE_SETTINGS, type EngineSettings } from '../engine-settings.js';
import { type AutomationEvent, EventIntake } from './event-intake.js';

/** What we use of the host's EventEmitter2: `@nestjs/event-emitter` may not be there, and its types then neither. */
export interface HostEmitter {
  on(event: string, listener: (payload: unknown) => void): unknown;
  off(event: string, listener: (payload: unknown) => void): unknown;
  emit(event: string, payload: unknown): unknown;
}

/** Injection token of the host's emitter; null where it has none. */
export const HOST_EMITTER = Symbol('HOST_EMITTER');

/** The event that the host hears when a run is over. */
export const RUN_FINISHED = 'automation.run.finished';

/** The payload of {@link RUN_FINISHED}. */
export interface RunFinished {
  workspaceId: string;
  runId: string;
  workflowId: string;
  status: 'succeeded' | 'failed' | 'cancelled';
  module: string | null;
  recordId: string | null;
}

/** What is told of a run that is over. */
type EndedRunFacts = Omit<RunFinished, 'runId'> & { id: string };

/**
 * The second door for events: hears the host's EventEmitter2 and captures what it says. Best effort by nature, since the
 * emitter is memory: what is heard but not written when the process dies is lost. Hosts that must not lose an event
 * publish in their transaction.
 *
 * Heard by default: `lead.created` and `leads.created`, for every module and event of the catalog. The payload is the
 * record (with its `workspaceId`), or `{ workspaceId, record, previous, actor, key }`.
 */
@Injectable()
export class EmitterBridge {
  private readonly logger = new Logger('AutomationEvents');
  private readonly underWay = new Set<Promise<void>>();
  private readonly settings: EmitterSettings;
  private readonly graceMs: number;
  private detach: (() => void)[] = [];

  constructor(
    @Inject(HOST_EMITTER) private readonly emitter: HostEmitter | null,
    private readonly catalog: AutomationCatalog,
    private readonly intake: EventIntake,
    @Inject(ENGINE_SETTINGS) { emitter: settings, shutdownGraceMs }: EngineSettings,
  ) {
    this.settings = settings;
    this.graceMs = shutdownGraceMs;
  }

  start(): void {
    const { emitter } = this;
    if (emitter === null || !this.settings.enabled) return;
    for (const [name, target] of this.names()) {
      const listener = (payload: unknown): void => this.hear(name, target, payload);
      emitter.on(name, listener);
      this.detach.push(() => emitter.off(name, listener));
    }
  }

  /** Hears nothing more, and waits until what was heard is written; at most the grace of a stop, whatever hangs. */
  async stop(): Promise<void> {
    for (const detach of this.detach) detach();
    this.detach = [];
    await within(this.graceMs, this.settled());
  }

  /** Resolves when everything that was heard so far is written. */
  async settled(): Promise<void> {
    await Promise.all(this.underWay);
  }

  /** Tells the host of runs that are over. A listener that throws is the host's affair, not the run's. */
  tellFinished(ended: readonly EndedRunFacts[]): void {
    if (this.emitter === null) return;
    for (const { workspaceId, id: runId, workflowId, status, module, recordId } of ended) {
      const payload: RunFinished = { workspaceId, runId, workflowId, status, module, recordId };
      try {
        this.emitter.emit(RUN_FINISHED, payload);
      } catch (error) {
        this.logger.error(`A listener of ${RUN_FINISHED} threw: ${String(error)}`);
      }
    }
  }

  private names(): Map<string, { module: string; event: string }> {
    const names = new Map<string, { module: string; event: string }>();
    for (const module of this.catalog.modules.values()) {
      for (const { name: event } of module.events) {
        names.set(`${module.singular}.${event}`, { module: module.name, event });
        names.set(`${module.name}.${event}`, { module: module.name, event });
      }
    }
    for (const [name, target] of Object.entries(this.settings.names)) names.set(name, target);
    return names;
  }

  /** Never throws: whatever is wrong with a payload or with the database must not reach whoever emits. */
  private hear(name: string, target: { module: string; event: string }, payload: unknown): void {
    const work = this.capture(target, payload)
      .catch((error: unknown) => {
        this.logger.error(`The event '${name}' could not be captured: ${error instanceof Error ? error.message : String(error)}`);
      })
      .finally(() => this.underWay.delete(work));
    this.underWay.add(work);
  }

  private async capture(target: { module: string; event: string }, payload: unknown): Promise<void> {
    if (!isJsonObject(payload)) throw new TypeError('its payload is not an object');
    const wrapped = isJsonObject(payload.record) || payload.recordId !== undefined;
    const record = wrapped ? payload.record : payload;
    const workspaceId = payload.workspaceId ?? (isJsonObject(record) ? record.workspaceId : undefined) ?? this.settings.defaultWorkspaceId;
    const event = { ...(wrapped ? payload : {}), record, ...target, source: 'emitter', workspaceId } as unknown as AutomationEvent;
    await this.intake.publish(event);
  }
}
