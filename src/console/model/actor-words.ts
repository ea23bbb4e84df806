import type { Actor } from '../../core/event.js';
import { type Catalog, moduleOf } from './catalog.js';
import { nameWords } from './words.js';

/** Returns who did something: `Ines Alvarez`, `the system`, `a workflow`. */
export function actorWords({ type, id, name }: Actor): string {
  if (type === 'system') return 'the system';
  if (type === 'workflow') return name === undefined ? 'a workflow' : `the workflow ${name}`;
  return name ?? id ?? 'somebody';
}

/** Returns what happened: `Lead: Created`, `Started by hand`. */
export function eventWords({ module, event }: { module: string | null; event: string }, catalog: Pick<Catalog, 'modules'> | null): string {
  const known = moduleOf(catalog, module);
  const label = known?.events.find(({ name }) => name === event)?.label ?? nameWords(event);
  return module === null ? label : `${known?.label ?? nameWords(module)}: ${label}`;
}
