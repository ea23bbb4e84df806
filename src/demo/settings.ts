import type { AutomationOptions } from '../index.js';

/** What the demo has to be told. */
export interface DemoSettings {
  databaseUrl: string;
  /** Where the demo can be reached: `http://127.0.0.1:3000`. */
  origin: string;
  /** What webhooks to the demo's own sink are signed with, and what links are derived from: `whsec_…`; the same at every start. */
  sinkSecret: string;
  /** Where mail goes instead of the demo's own mail server: `smtp://127.0.0.1:2525`. */
  smtpUrl?: string;
  /** What webhooks may reach besides the sinks: `127.0.0.1:8443`. */
  outboundAllow?: readonly string[];
  /** The zone of calendar days in workflows. Default: UTC. */
  timezone?: string;
  /** What this process does of automation's work. Default: the module's own. */
  worker?: AutomationOptions['worker'];
  /** What trigger URLs take. Default: the module's own. */
  hooks?: AutomationOptions['hooks'];
  /** Further actions besides the demo's own. */
  actions?: AutomationOptions['actions'];
}

/** Injection token of {@link DemoSettings}. */
export const DEMO_SETTINGS = Symbol('DEMO_SETTINGS');
