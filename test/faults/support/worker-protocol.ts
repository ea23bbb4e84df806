import type { AutomationOptions, JsonObject } from '../../../src/index.js';

/** What a worker process is told before it begins. Until then it has loaded its code and waits: a hot spare. */
export interface WorkerOrders {
  /** How the claims of the lab's database call it. */
  name: string;
  databaseUrl: string;
  smtpUrl: string;
  /** `host:port` that webhooks may reach. */
  outboundAllow: string[];
  worker: AutomationOptions['worker'];
  /** Default: UTC. */
  timezone?: string;
}

/** What a worker process that works does for its parent beside it: numbered, so that an answer finds its question. */
export type WorkerErrand = { errand: number } & ({ publishWorkflow: JsonObject } | { createLead: JsonObject });

/** What a worker process tells its parent. */
export type WorkerReport =
  /** Its code is in memory; it waits for its orders. */
  | { kind: 'loaded' }
  /** It works. */
  | { kind: 'ready' }
  /** It has done an errand: the workflow or lead has this id. Or it could not. */
  | { kind: 'done'; errand: number; id: string }
  | { kind: 'not done'; errand: number; why: string }
  /** Something that nobody handled: it ends with code 70. */
  | { kind: 'unhandled'; what: string };
