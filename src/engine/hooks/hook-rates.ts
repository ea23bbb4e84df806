import type { EntityManager } from 'typeorm';
import { AutomationError } from '../../core/errors.js';
import { type CountedDeliveries, countDeliveries, type DeliveryCount } from '../../store/deliveries.js';

/** So many counters there are for what is no URL, or one of very many: whoever tries tokens fills no table. */
const DIGITS = 3;

/** What requests of strangers are counted by. */
type CountKey = Pick<DeliveryCount, 'workspaceId' | 'key'>;

/** Under what the requests are counted that come with this hash of a token, where nobody has the token. */
export function unknownKey(hash: string): CountKey {
  return { workspaceId: '', key: `unknown ${digitsOf(hash)}` };
}

/** The first digits of a hash, where each token having a counter of its own would be too many. */
export function digitsOf(hash: string): string {
  return hash.slice(0, DIGITS);
}

/** Counts requests, and says of each how long it has to wait until it may come, in milliseconds; 0: it may. Null is not counted. */
export async function waitsFor(manager: EntityManager, keys: readonly (CountKey | null)[], perMinute: number): Promise<number[]> {
  const counts = new Counts(await countDeliveries(manager, summed(keys.filter((key) => key !== null))));
  return keys.map((key) => (key === null ? 0 : counts.take(key, perMinute)));
}

/** What who comes too often is told. */
export function tooManyRequests(retryAfterMs: number): AutomationError {
  return new AutomationError('too_many_requests', 'Too many deliveries came within a minute.', {
    hint: 'Send again after the time that `Retry-After` says.',
    retry: { kind: 'transient', retryAfterMs },
  });
}

function summed(keys: readonly CountKey[]): DeliveryCount[] {
  const counts = new Map<string, DeliveryCount>();
  for (const key of keys) {
    const name = nameOf(key);
    const count = counts.get(name) ?? { ...key, deliveries: 0 };
    count.deliveries += 1;
    counts.set(name, count);
  }
  return [...counts.values()];
}

/** What was counted before this look, counted on delivery by delivery. */
class Counts {
  private readonly counts: Map<string, CountedDeliveries>;

  constructor(counted: readonly CountedDeliveries[]) {
    this.counts = new Map(counted.map((one) => [nameOf(one), one]));
  }

  /** Whether the last of those that were counted fits; how long until the next may, in milliseconds: 0 when it fits. */
  take(key: CountKey, most: number): number {
    const count = this.counts.get(nameOf(key));
    if (!count) return 0;
    // Taken from the end: of a batch that goes over the limit, as many are refused as are too many.
    count.deliveries -= 1;
    return count.deliveries < most ? 0 : Math.max(1, count.endsInMs);
  }
}

function nameOf({ workspaceId, key }: CountKey): string {
  return `${workspaceId.length} ${workspaceId}${key}`;
}
