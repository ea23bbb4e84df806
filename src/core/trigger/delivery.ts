import type { JsonObject } from '../json.js';

/** Why a delivery starts nothing, as its trigger notes it; a run is skipped with it. */
export type DeliveryRefusal = { reason: 'paused' | 'old_url' | 'record'; explanation: JsonObject };

/** The record that a delivery is about, as it is looked for. */
export interface WantedRecord {
  module: string;
  match: JsonObject;
  /** The fields of one that is created where none matches; null: none is. */
  create: JsonObject | null;
}

/** A transition of a machine, as a delivery to the machine's URL was held against it when it came. */
export interface HeldTransition {
  code: string;
  /** Why the delivery does not fire it; null: it may. */
  refused: string | null;
}

/** What runs see as `trigger` of a delivery to a trigger URL, and what routing does with it. */
export interface Delivery {
  type: 'webhook';
  body: JsonObject[string];
  headers: Record<string, string>;
  query: Record<string, string | string[]>;
  /** Where it is to be found, or has been. */
  record?: WantedRecord;
  refused?: DeliveryRefusal;
  /** Of a delivery to a machine: those that a delivery may fire. */
  transitions?: HeldTransition[];
  /** Of a delivery to a machine for an integration: which of the integration's runs it is about. */
  integration?: string;
  runKey?: string;
}

/** Why the delivery starts nothing; null when it may. */
export function refusalOf(trigger: JsonObject | null): DeliveryRefusal | null {
  return ((trigger?.type === 'webhook' ? trigger.refused : null) as DeliveryRefusal | null | undefined) ?? null;
}

/** The record that the delivery is about; null when it is about none. */
export function wantedRecord(trigger: JsonObject | null): WantedRecord | null {
  return ((trigger?.type === 'webhook' ? trigger.record : null) as WantedRecord | null | undefined) ?? null;
}

/** Why the delivery does not fire a transition of the machine that it came to; null when it may. */
export function transitionRefusalOf(trigger: JsonObject, code: string): string | null {
  const held = trigger.transitions as unknown as HeldTransition[] | undefined;
  const found = held?.find((one) => one.code === code);
  return found ? found.refused : 'The published version, which deliveries are held against, has no such transition by webhook.';
}
