import type { Entitlements } from '../core/start/entitlements.js';

/**
 * The host's word on what a workspace may use. It is asked once a minute for each workspace in which something starts,
 * inside a transaction, and anew whenever a workflow is saved or made active: it should be quick. While it gives no answer, its
 * last one counts; without one nothing is limited.
 */
export type EntitlementSource = (workspaceId: string) => Entitlements | Promise<Entitlements>;
