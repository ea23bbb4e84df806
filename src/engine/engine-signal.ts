/** What this process's engine hears of what others have committed, so that it need not wait for its next poll. Never throws, never waits. */
export interface EngineSignal {
  /** There is work. */
  workAvailable(): void;
  /** A run was ended from outside: what is under way for it may stop. */
  runEnded(runId: string): void;
}

/** Injection token of {@link EngineSignal}. */
export const ENGINE_SIGNAL = Symbol('ENGINE_SIGNAL');
