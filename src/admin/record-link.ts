import type { Logger } from '@nestjs/common';
import type { RecordUrl } from '../engine/engine-settings.js';

/** An http(s) address, or a path of the same site. */
const LINK = /^(?:https?:\/\/|\/(?![/\\]))[^\s\\]*$/i;

/** Says where people see a record of a workspace; null: nowhere that is known. */
export type RecordLinks = (record: { module: string; id: string }) => string | null;

/**
 * Returns what says so within one answer: a host's function that fails is told of once in it, however many records it has. What is
 * no address of a page (`javascript:`, `//elsewhere`) is no link.
 */
export function recordLinks(recordUrl: RecordUrl | null, workspaceId: string, logger: Pick<Logger, 'warn'>): RecordLinks {
  let isTold = false;
  return ({ module, id }) => {
    try {
      const url = recordUrl?.({ workspaceId, module, id }) ?? null;
      return typeof url === 'string' && LINK.test(url) ? url : null;
    } catch (error) {
      // The host's own code: what there is to tell is worth telling without a link to it.
      if (!isTold) logger.warn(`recordUrl failed for ${module} ${id} of workspace ${workspaceId}: ${String(error)}`);
      isTold = true;
      return null;
    }
  };
}
