import type { RecordData } from '../../core/event.js';
import type { Json } from '../../core/json.js';
import type { CrmTransaction } from '../crm-host.js';

/** Tags that are rows of their own: a field that shows them, and what writes them. */
export interface TagRows {
  field: string;
  set(tx: CrmTransaction, id: string, tags: string[]): Promise<unknown>;
}

/** The new values of one record, checked. */
export interface CheckedPatch {
  id: string;
  set: Record<string, Json>;
}

/** How records are written and read without their tags. */
interface Records {
  write(patches: readonly CheckedPatch[]): Promise<Map<string, RecordData>>;
  read(ids: readonly string[]): Promise<Map<string, RecordData>>;
}

/** Writes checked patches whose tags the host writes, and returns the records as they are afterwards. */
export async function updateWithTags(
  tx: CrmTransaction,
  { field, set: write }: TagRows,
  patches: readonly CheckedPatch[],
  records: Records,
): Promise<Map<string, RecordData>> {
  const parts = patches.map(({ id, set }) => ({ id, ...withoutTags(set, field) }));
  const written = await records.write(parts.map(({ id, rest }) => ({ id, set: rest })));
  const tagged = parts.flatMap(({ id, tags }) => (tags !== null && written.has(id) ? [{ id, tags }] : []));
  // One after the other: they share a connection.
  for (const { id, tags } of tagged) await write(tx, id, tags);
  if (tagged.length === 0) return written;
  const again = await records.read(tagged.map(({ id }) => id));
  return new Map([...written, ...again]);
}

/** The values of a record without its tags, and those; null where they stay as they are. */
export function withoutTags<Value extends Json | undefined>(
  set: Readonly<Record<string, Value>>,
  field: string,
): { rest: Record<string, Value>; tags: string[] | null } {
  const { [field]: tags, ...rest } = set;
  return { rest, tags: tags === undefined ? null : ((tags ?? []) as string[]) };
}
