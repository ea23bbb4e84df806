import type { EntityManager } from 'typeorm';
import type { DomainEvent } from '../../core/event.js';
import type { MachineStandings } from '../../core/machine/standing.js';
import { loadStandings } from '../../store/machines/standings.js';

/** An event, and the machines that are asked about its record. */
interface Asked {
  event: DomainEvent;
  codes: readonly string[];
}

/**
 * Tells events where their records stand in state machines, as conditions ask for it: one statement for all of them, and none
 * where nobody asks.
 */
export async function tellStandings(manager: EntityManager, asked: readonly Asked[]): Promise<void> {
  const asking = asked.flatMap(({ event, codes }) =>
    codes.length === 0 ? [] : [{ event, codes, ref: { workspaceId: event.workspaceId, record: recordOf(event) } }],
  );
  if (asking.length === 0) return;
  const found = await standingsOf(
    manager,
    asking.map(({ ref, codes }) => ({ ...ref, codes })),
  );
  for (const [index, { event }] of asking.entries()) event.machine = { ...event.machine, ...found[index] };
}

/** Where each of the records stands in the machines that are asked about, in their order. */
export async function standingsOf(
  manager: EntityManager,
  asked: readonly { workspaceId: string; record: { module: string; id: string } | null; codes: readonly string[] }[],
): Promise<MachineStandings[]> {
  const records = asked.flatMap(({ workspaceId, record, codes }) =>
    record === null ? [] : [{ workspaceId, module: record.module, recordId: record.id, codes }],
  );
  const rows = records.length === 0 ? [] : await loadStandings(manager, records);
  const keyOf = (workspaceId: string, module: string, recordId: string, code: string): string =>
    JSON.stringify([workspaceId, module, recordId, code]);
  const known = new Map(rows.map((row) => [keyOf(row.workspaceId, row.module, row.recordId, row.code), row]));
  return asked.map(({ workspaceId, record, codes }) => {
    const standings: MachineStandings = {};
    for (const code of codes) {
      const row = record && known.get(keyOf(workspaceId, record.module, record.id, code));
      standings[code] = row ? { state: row.state, since: row.enteredAt.toISOString(), transition: row.transition } : null;
    }
    return standings;
  });
}

function recordOf({ module, recordId }: DomainEvent): { module: string; id: string } | null {
  return module === null || recordId === null ? null : { module, id: recordId };
}
