/** The WHERE clause of a list as it is put together: values are only ever bound, never written into the statement. */
export class QueryParts {
  private readonly tests: string[] = [];

  /** Of one statement with several WHERE clauses all bind their values to one list. */
  constructor(readonly parameters: unknown[] = []) {}

  /** Binds a value and returns its placeholder. */
  bind(value: unknown): string {
    this.parameters.push(value);
    return `$${this.parameters.length}`;
  }

  /** Adds a test; several are joined by AND. */
  and(test: string): this {
    this.tests.push(test);
    return this;
  }

  /** Adds `column = value` unless the value is undefined. */
  equals(column: string, value: string | undefined): this {
    return value === undefined ? this : this.and(`${column} = ${this.bind(value)}`);
  }

  get where(): string {
    return this.tests.join(' AND ');
  }
}

/** How far the clocks of processes and of the database may be apart. */
export const CLOCK_SLACK_MS = 2 * 3_600_000;

/**
 * Adds "between from and to" for a table whose UUIDv7 key is made by Node's clock and whose time column by the database's:
 * the key narrows the scan to the period (with room for clocks that differ), the column decides.
 */
export function within(parts: QueryParts, columns: { id: string; at: string }, from: Date | undefined, to: Date | undefined): void {
  if (from) {
    parts.and(`${columns.id} >= ${parts.bind(firstUuidOf(from.getTime() - CLOCK_SLACK_MS))}::uuid`);
    parts.and(`${columns.at} >= ${parts.bind(from)}`);
  }
  if (to) {
    parts.and(`${columns.id} < ${parts.bind(firstUuidOf(to.getTime() + CLOCK_SLACK_MS))}::uuid`);
    parts.and(`${columns.at} < ${parts.bind(to)}`);
  }
}

/** The smallest UUIDv7 of a millisecond. */
export function firstUuidOf(ms: number): string {
  const hex = Math.max(0, ms).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7000-8000-000000000000`;
}

/** The millisecond at which a UUIDv7 was made, by the clock of whoever made it. */
export function timeOfUuid(id: string): number {
  return Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
}
