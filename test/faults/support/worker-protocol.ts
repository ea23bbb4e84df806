import type { AutomationOptions } from '../../../src/index.js';

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

/** What a worker process tells its parent. */
export type WorkerReport =
  /** Its code is in memory; it waits for its orders. */
  | { kind: 'loaded' }
  /** It works. */
  | { kind: 'ready' }
  /** Something that nobody handled: it ends with code 70. */
  | { kind: 'unhandled'; what: string };
