import { Logger } from '@nestjs/common';
import { AutomationError } from '../core/errors.js';
import { lendManager } from '../host/lent-manager.js';
import type { TransactionHook } from '../store/database.js';
import { isConnectionLoss } from './failures.js';

/** A host that cannot say whose transaction it is stops all work of a workspace: that is said, but not for every attempt. */
const SAID_EVERY_MS = 60_000;

/**
 * The host's hook, with a limit as for every call of its code. Its failures pass: what it protects is not touched, and events
 * and runs of the workspace wait until it works. They are told from failures of what comes after it, and logged.
 */
export function guardedHook(hook: TransactionHook, limitMs: number): TransactionHook {
  const logger = new Logger('AutomationTransactions');
  let saidAt = Number.NEGATIVE_INFINITY;
  return async (manager, workspaceId) => {
    const lent = lendManager(manager);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`it did not answer within ${limitMs / 1000} s`)), limitMs).unref();
    });
    try {
      await Promise.race([hook(lent.manager, workspaceId), late]);
    } catch (error) {
      if (isConnectionLoss(error)) throw error;
      const failure = hookFailed(workspaceId, error);
      if (performance.now() - saidAt > SAID_EVERY_MS) {
        saidAt = performance.now();
        logger.error(`${failure.message}. ${failure.hint}`);
      }
      throw failure;
    } finally {
      clearTimeout(timer);
      lent.close();
    }
  };
}

function hookFailed(workspaceId: string, error: unknown): AutomationError {
  const reason = error instanceof Error ? error.message : String(error);
  return new AutomationError('transaction_hook_failed', `onTransaction failed for the workspace '${workspaceId}': ${reason}`, {
    hint: 'Correct `database.onTransaction`; events and runs of the workspace wait until then.',
    retry: { kind: 'transient' },
    cause: error,
  });
}
