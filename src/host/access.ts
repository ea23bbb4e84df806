import type { IncomingHttpHeaders } from 'node:http';
import type { Actor } from '../core/event.js';

/** What a caller may do. `operate` is toggle, retry, cancel; `manage` is create, edit, publish, delete; `tasks` is human tasks. */
export type Permission = (typeof PERMISSIONS)[number];

/** All of them. */
export const PERMISSIONS = ['view', 'operate', 'manage', 'tasks'] as const;

/** A person or program at the admin API. */
export interface Caller {
  userId: string;
  /** Kept with whatever they change, as it is then. Without it their id stands there. */
  name?: string;
  /** The workspace the call is about: every query is bound to it. */
  workspaceId: string;
  roles?: readonly string[];
  permissions: readonly Permission[];
}

/** What the policy gets to see of a request: enough for any scheme, whatever the HTTP platform. */
export interface AccessRequest {
  headers: Readonly<IncomingHttpHeaders>;
  method: string;
  url: string;
  /** The platform's own request (Express, Fastify), where a guard of the host may have left its user. */
  raw: unknown;
}

/**
 * The host's decision on who is calling. Without a policy every call is refused.
 */
export interface AccessPolicy {
  /**
   * Returns the caller, or null when the request carries no valid credentials (401). On Express it is also asked about
   * requests whose body could not be read, before any guard of the host has run.
   */
  authenticate(request: AccessRequest): Caller | null | Promise<Caller | null>;
}

/** The caller as the actor of what follows from the call. */
export function callerAsActor(caller: Caller): Actor {
  return {
    type: 'user',
    id: caller.userId,
    name: caller.name ?? caller.userId,
    ...(caller.roles === undefined ? {} : { roles: [...caller.roles] }),
  };
}
