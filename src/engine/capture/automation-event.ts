import type { EntityManager } from 'typeorm';
import type { Actor } from '../../core/event.js';

/** An event as the host gives it. Records may be entities or plain objects; dates may be Date. */
export interface AutomationEvent {
  workspaceId: string;
  /** `leads` (or `lead`). */
  module: string;
  /** `created`, `stage_changed`, … */
  event: string;
  /** Default: the record's `id`. */
  recordId?: string | number;
  /**
   * The record after the event: an entity with whatever is loaded of it, or a plain object. The event keeps what the catalog
   * knows of it: its fields, and those of the to-one relations that are loaded. Left out: it is read when the event is routed.
   */
  record?: object | null;
  /** The record before; with it, conditions on changes work. */
  previous?: object | null;
  /** Default: a `system` actor. */
  actor?: Actor;
  /** Deduplication: an event of the same workspace, source and key is captured once while the first is kept. */
  key?: string;
  /** What gave the key; default `publish`. */
  source?: string;
}

/** A change of one record, from which its events are derived (`updated`, `stage_changed`, `closed_won`, …). */
export interface RecordChange {
  workspaceId: string;
  module: string;
  /** Null: created. */
  before: object | null;
  /** Null: deleted. */
  after: object | null;
  actor?: Actor;
}

/** An event as `emitter.map` tells it: what it leaves out is taken from the record, module and event from the name. */
export interface EmittedEvent extends Partial<AutomationEvent> {
  /** The transaction in which it was emitted: the event is captured when that has committed, and dropped when it rolls back. */
  manager?: EntityManager;
}

/** See `emitter.map` in the options. */
export type EmitterMap = (name: string, payload: unknown) => EmittedEvent | null | undefined;
