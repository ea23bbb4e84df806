import type { Pool } from 'pg';
import type { LeadRecord } from './actions.js';
import type { Installed, Packages } from './install.js';

/** What a peer lets one tune, as it is shown in the table. */
export type Settings = Readonly<Record<string, number | string | boolean>>;

export interface PeerContext {
  /** A database of this measurement's own, with the CRM's tables. */
  url: string;
  settings: Settings;
  packages: Installed;
  /** The CRM's own connections, eight as the floor and our engine have: what handlers and steps write through. */
  pool: Pool;
  /** What a job of a queue does; the three actions in one transaction where nobody says something else. */
  job?(lead: LeadRecord): Promise<void>;
}

/** One worker of a peer: enqueue, work and pause for a short warm-up, and once more for the measurement. */
export interface PeerSession {
  /** Makes a backlog: everything is accepted durably and nobody works on it yet. */
  enqueue(leads: readonly LeadRecord[]): Promise<void>;
  /** Starts the worker and answers when the whole backlog is done and the peer itself has recorded that. */
  work(count: number): Promise<void>;
  /** Stops the worker. */
  pause(): Promise<void>;
  close(): Promise<void>;
}

export interface Peer {
  name: string;
  /** `engine`: each of the three actions is a durable step. `queue`: all three in the one transaction of a job. */
  kind: 'engine' | 'queue';
  /** Where its packages are installed; peers with the same packages share it. */
  folder: string;
  /** The first is the one whose version is shown. */
  packages: Packages;
  /** How the three actions are done here. */
  does: string;
  /** Tried first with fewer runs; the measurement takes the fastest. */
  candidates: readonly Settings[];
  open(context: PeerContext): Promise<PeerSession>;
}

/** A peer that is installed and cannot work on this machine; the message says what is missing. */
export class NotRunnableError extends Error {
  readonly code = 'PEER_NOT_RUNNABLE';
}

/** Polls until true: for what a peer records a moment after the last handler has returned. */
export async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await done())) await new Promise((resolve) => setTimeout(resolve, 10));
}
