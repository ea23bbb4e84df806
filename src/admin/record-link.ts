import type { Logger } from '@nestjs/common';
import type { RecordUrl } from '../engine/engine-settings.js';

/** An http(s) address, or a path of the same site. */
const LINK = /^(?:https?:\/\/|\/(?![/\\]))[^\s\\]*$/i;

/** Returns where people see a record. What is no address of a page (`javascript:`, `//elsewhere`) is no link. */
export function recordLink(
  recordUrl: RecordUrl | null,
  { workspaceId, module, id }: { workspaceId: string; module: string; id: string },
  logger: Pick<Logger, 'warn'>,
): string | null {
  try {
    const url = recordUrl?.({ workspaceId, module, id }) ?? null;
    return typeof url === 'string' && LINK.test(url) ? url : null;
  } catch (error) {
    // The host's own code: what there is to tell is worth telling without a link to it.
    logger.warn(`recordUrl failed for ${module} ${id}: ${String(error)}`);
    return null;
  }
}
