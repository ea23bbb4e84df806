/** Tells this process's workers that something became due, so that they need not wait for their next poll. */
export interface EngineSignal {
  /** There is committed work. Never throws, never waits. */
  workAvailable(): void;
}

/** Injection token of {@link EngineSignal}. */
export const ENGINE_SIGNAL = Symbol('ENGINE_SIGNAL');
