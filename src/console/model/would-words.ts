import type { Json, JsonObject } from '../../core/json.js';
import { type Catalog, isObject, moduleOf } from './catalog.js';
import { fieldWords } from './definition-words.js';
import { countWords, listWords, nameWords, valueWords } from './words.js';

/** What a step that is tried would do, as the API tells it. */
export type Would = JsonObject & { kind: string };

/** Returns what a step would do, in a few words: `Priority: Urgent`, `mails “Welcome” to ann@example.test`. */
export function wouldWords(would: Would, catalog: Pick<Catalog, 'modules'> | null): string {
  const inner = would[would.kind];
  const of = (member: string): string => valueWords(isObject(inner) ? inner[member] : undefined);
  switch (would.kind) {
    case 'change':
      return changeWords(would, catalog);
    case 'create':
      return `creates a record of ${moduleWords(would.module, catalog)}`;
    case 'note':
      return `notes “${of('body')}”`;
    case 'task':
      return `makes the task “${of('title')}”`;
    case 'notifications':
      return Array.isArray(inner) ? `notifies ${countWords(inner.length, 'person', 'people')}` : 'notifies';
    case 'mail':
      return `mails “${valueWords(would.subject)}” to ${recipientWords(would.to)}`;
    case 'request':
      return `calls ${valueWords(would.method)} ${valueWords(would.url)}`;
    case 'start':
      return 'starts a workflow';
    default:
      return nameWords(would.kind).toLowerCase();
  }
}

/** Returns to whom a mail goes: their addresses, whatever they are written as. */
export function recipientWords(to: Json | undefined): string {
  const list = Array.isArray(to) ? to : [to];
  return listWords(list.map((one) => valueWords(isObject(one) ? one.address : one)));
}

function changeWords({ module, changes }: Would, catalog: Pick<Catalog, 'modules'> | null): string {
  if (!isObject(changes)) return 'changes the record';
  return Object.entries(changes)
    .map(([field, change]) => `${fieldWords(field, module, catalog)}: ${valueWords(isObject(change) ? change.to : change)}`)
    .join(', ');
}

function moduleWords(name: unknown, catalog: Pick<Catalog, 'modules'> | null): string {
  return moduleOf(catalog, name)?.label ?? String(name ?? 'the CRM');
}

/** Returns the id of the step that a path of a run leads to: `route.large.welcome` and `each[2].welcome` are of `welcome`. */
export function stepOfPath(path: string): string {
  return (path.split('.').at(-1) ?? '').replace(/\[\d+\]$/, '');
}
