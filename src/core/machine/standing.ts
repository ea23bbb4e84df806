/** Where a record stands in a state machine, as conditions and templates see it: `machine.orders.state`. */
export interface MachineStanding {
  state: string;
  /** Since when, ISO 8601. */
  since: string;
  /** The transition under way; null at rest. */
  transition: string | null;
}

/** By the code of the machine; null where the record has no instance of it. */
export type MachineStandings = Record<string, MachineStanding | null>;
