import type { Caller } from '../../index.js';

/**
 * Who may call, by bearer token. A real CRM would look into its sessions; the tokens here show what there is:
 * everything, look and repair, own tasks only (of two people), and somebody else's workspace.
 */
const CALLERS: ReadonlyMap<string, Caller> = new Map<string, Caller>([
  [
    'demo-admin',
    {
      userId: 'u-9',
      name: 'Ines Alvarez',
      workspaceId: 'acme',
      roles: ['admin', 'director'],
      permissions: ['view', 'operate', 'manage', 'tasks'],
    },
  ],
  ['demo-support', { userId: 'u-6', name: 'Farid Haddad', workspaceId: 'acme', roles: ['support'], permissions: ['view', 'operate'] }],
  ['demo-member', { userId: 'u-1', name: 'Ada Lindqvist', workspaceId: 'acme', roles: ['ae'], permissions: ['view', 'tasks'] }],
  [
    'demo-manager',
    { userId: 'u-4', name: 'Dario Conti', workspaceId: 'acme', roles: ['senior', 'manager'], permissions: ['view', 'tasks'] },
  ],
  [
    'demo-rival',
    { userId: 'r-1', name: 'Rita Vance', workspaceId: 'rival', roles: ['admin'], permissions: ['view', 'operate', 'manage', 'tasks'] },
  ],
]);

/** The workspaces, the one with the recipes first. */
export const WORKSPACES: readonly string[] = [...new Set([...CALLERS.values()].map(({ workspaceId }) => workspaceId))];
export const FIRST_WORKSPACE = WORKSPACES[0] as string;

/** The caller behind an `Authorization` header; null when there is none. */
export function callerOf(authorization: string | string[] | undefined): Caller | null {
  const token = typeof authorization === 'string' ? /^Bearer +(\S+)$/i.exec(authorization)?.[1] : undefined;
  return token === undefined ? null : (CALLERS.get(token) ?? null);
}

/** The admin of a workspace, on whose behalf the demo installs its recipes. */
export function adminOf(workspaceId: string): Caller {
  for (const caller of CALLERS.values()) {
    if (caller.workspaceId === workspaceId && caller.permissions.includes('manage')) return caller;
  }
  throw new Error(`The demo has no admin in workspace ${workspaceId}.`);
}
