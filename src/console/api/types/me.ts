// What the API answers about who is reading, and other people, as far as the page reads it.

export type Permission = 'view' | 'operate' | 'manage' | 'tasks';

export interface Me {
  user: { id: string; name: string; roles: string[] };
  workspaceId: string;
  permissions: Permission[];
  timezone: string;
  features: { lookUps: { users: boolean; roles: boolean; records: boolean } };
  limits: { bulkRetry: number };
  retention: { runs: number; skippedRuns: number; events: number };
  version: string;
}

export interface PersonName {
  id: string;
  name: string;
}
