/** What the demo has to be told. */
export interface DemoSettings {
  databaseUrl: string;
  /** Where the demo can be reached: `http://127.0.0.1:3000`. */
  origin: string;
  /** What webhooks to the demo's own sink are signed with: `whsec_…`; the same at every start. */
  sinkSecret: string;
}

/** Injection token of {@link DemoSettings}. */
export const DEMO_SETTINGS = Symbol('DEMO_SETTINGS');
