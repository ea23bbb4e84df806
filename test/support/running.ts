const RUNNING = Symbol.for('nestjs-crm-automation.tests.running');

/**
 * Says how to close an application that now runs; returns how to say that it is closed. What its test file leaves running is
 * closed with that file: the files after it share the process, their spies would hear what it logs and asks.
 */
export function noteRunning(close: () => Promise<void>): () => void {
  const scope = globalThis as { [RUNNING]?: Set<() => Promise<void>> };
  scope[RUNNING] ??= new Set();
  const running = scope[RUNNING];
  running.add(close);
  return () => void running.delete(close);
}
