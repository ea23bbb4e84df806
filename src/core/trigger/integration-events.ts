/** What the host says that an integration has done to records: events of each record's module. */
const RECORD_EVENTS = ['imported', 'exported'] as const;
/** What the host says of an integration's runs: events of its module, about no record. */
const RUN_EVENTS = ['run_started', 'run_finished'] as const;

/** An event that comes of an integration. */
export type IntegrationEvent = (typeof RECORD_EVENTS)[number] | (typeof RUN_EVENTS)[number];

/** All of them. */
export const INTEGRATION_EVENTS: readonly IntegrationEvent[] = [...RECORD_EVENTS, ...RUN_EVENTS];

/** Returns whether events of this name come of integrations: every module has them, whether or not the host lists them. */
export function isIntegrationEvent(name: string): name is IntegrationEvent {
  return (INTEGRATION_EVENTS as readonly string[]).includes(name);
}
