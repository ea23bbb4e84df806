import { Inject, Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { CRM_HOST, type CrmHost, type RecordIdentity } from '../../host/crm-host.js';
import { within } from '../../store/within.js';
import { AutomationCatalog } from '../automation-catalog.js';
import { type EmitterSettings, ENGINE_SETTINGS, type EngineSettings } from '../engine-settings.js';
import { AfterCommit } from './after-commit.js';
import type { EmittedEvent } from './automation-event.js';
import { complete, type PayloadContext, type ReadPayload, readPayload } from './emitted-payload.js';
import { EventIntake } from './event-intake.js';

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

/** What a name of the emitter's stands for. */
interface Target {
  module: string;
  event: string;
}

/**
 * The second door for events: hears the host's EventEmitter2 and captures what it says. Best effort by nature, since the
 * emitter is memory: what is heard but not written when the process dies is lost. Hosts that must not lose an event
 * publish in their transaction.
 *
 * Heard by default: `lead.created` and `leads.created`, for every module and event of the catalog. Payloads: see
 * {@link readPayload}. Whoever emits has usually not committed yet, and nobody can tell from the payload: what is heard is
 * held against the record when it is routed (see routing/heard-events.ts), unless the payload names its transaction, or is an
 * entity that was saved in one that is open.
 */
@Injectable()
export class EmitterBridge {
  private readonly logger = new Logger('AutomationEvents');
  private readonly underWay = new Set<Promise<void>>();
  private readonly settings: EmitterSettings;
  private readonly captured: EngineSettings['capture'];
  private readonly graceMs: number;
  /** Names of which a payload was refused: one warning each, whatever they are emitted with. */
  private readonly refused = new Set<string>();
  private detach: (() => void)[] = [];

  constructor(
    @Inject(HOST_EMITTER) private readonly emitter: HostEmitter | null,
    private readonly catalog: AutomationCatalog,
    private readonly intake: EventIntake,
    private readonly afterCommit: AfterCommit,
    @Inject(CRM_HOST) private readonly crm: CrmHost,
    @Inject(ENGINE_SETTINGS) { emitter: settings, capture, shutdownGraceMs }: EngineSettings,
  ) {
    this.captured = capture;
    this.settings = settings;
    this.graceMs = shutdownGraceMs;
  }

  start(): void {
    const { emitter } = this;
    if (emitter === null || !this.settings.enabled) return;
    this.afterCommit.start();
    this.detach.push(() => this.afterCommit.stop());
    for (const [name, target] of this.names()) {
      const listener = (payload: unknown): void => this.hear(name, target, payload);
      emitter.on(name, listener);
      this.detach.push(() => emitter.off(name, listener));
    }
  }

  /** Whether it hears the host's emitter. */
  get isOpen(): boolean {
    return this.detach.length > 0;
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

  private names(): Map<string, Target> {
    const names = new Map<string, Target>();
    for (const module of this.catalog.modules.values()) {
      for (const { name: event, rule } of module.events) {
        // What another door captures would come twice; only the CRM itself can tell of the others.
        if (this.captured.has(module.name) && rule.on !== 'custom') continue;
        names.set(`${module.singular}.${event}`, { module: module.name, event });
        names.set(`${module.name}.${event}`, { module: module.name, event });
      }
    }
    for (const [name, target] of Object.entries(this.settings.names)) names.set(name, target);
    return names;
  }

  /** Never throws: whatever is wrong with a payload or with the database must not reach whoever emits. */
  private hear(name: string, target: Target, payload: unknown): void {
    try {
      const read = this.read(name, target, payload);
      if (read?.kind === 'refused') this.warn(name, read.why);
      if (read?.kind !== 'event') return;
      const { manager, ...event } = { ...target, ...read.event };
      this.afterCommit.do(manager ?? this.transactionOf(event), () => this.capture(name, event));
    } catch (error) {
      this.couldNot(name, error);
    }
  }

  /**
   * The transaction that a change without its before belongs to, where the payload is the very entity that was saved in it.
   * What was created or deleted, and a change with its before, the record itself tells to have happened; of this one a record
   * that is as it was may be a rollback, or be said not quite as it is stored.
   */
  private transactionOf({ module, event, record, previous }: EmittedEvent & Target): EntityManager | undefined {
    const { rule } = this.catalog.modules.get(module)?.events.find(({ name }) => name === event) ?? {};
    const tellsItself = previous || rule?.on === 'created' || rule?.on === 'deleted';
    return tellsItself || typeof record !== 'object' || record === null ? undefined : this.afterCommit.transactionOf(record);
  }

  private read(name: string, target: Target, payload: unknown): ReadPayload | null {
    const mapped: EmittedEvent | null | undefined = this.settings.map?.(name, payload);
    if (mapped === null) return null;
    const context = this.contextOf(mapped?.module ?? target.module);
    return mapped === undefined ? readPayload(payload, context) : complete(mapped, context);
  }

  private contextOf(module: string): PayloadContext {
    const { singular } = this.catalog.modules.get(module) ?? { singular: module };
    const { defaultWorkspaceId } = this.settings;
    return { singular, defaultWorkspaceId, identify: (entity) => this.crm.identify?.(module, entity) ?? usualIdentity(entity) };
  }

  private capture(name: string, event: EmittedEvent & Target & { workspaceId: string }): void {
    const work = this.intake
      .hear(event)
      .catch((error: unknown) => this.couldNot(name, error))
      .finally(() => this.underWay.delete(work));
    this.underWay.add(work);
  }

  private couldNot(name: string, error: unknown): void {
    this.logger.error(`The event '${name}' could not be captured: ${error instanceof Error ? error.message : String(error)}`);
  }

  private warn(name: string, why: string): void {
    if (this.refused.has(name)) return;
    this.refused.add(name);
    this.logger.warn(
      `An event '${name}' was emitted with a payload that is not understood: ${why}. It is not captured, and further ones are not ` +
        'reported. Emit the entity, or { workspaceId, record }; tell what other payloads mean with `emitter.map`; or publish in ' +
        'your transaction, which loses nothing.',
    );
  }
}

function usualIdentity(entity: object): RecordIdentity {
  const { id, workspaceId } = entity as { id?: unknown; workspaceId?: unknown };
  const text = (value: unknown): string | null =>
    (typeof value === 'string' && value !== '') || typeof value === 'number' || typeof value === 'bigint' ? String(value) : null;
  return { id: text(id), workspaceId: text(workspaceId), isShared: false };
}
