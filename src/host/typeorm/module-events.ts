import type { EventDescription, EventRule } from '../../core/catalog.js';
import type { EventOption } from './config.js';

/** What the usual modules of a CRM report beside created, updated, stage_changed and deleted. */
const USUAL_EVENTS: Readonly<Record<string, readonly string[]>> = {
  leads: ['converted', 'disqualified'],
  opportunities: ['closed_won', 'closed_lost'],
  tasks: ['completed'],
  invoices: ['sent', 'paid', 'overdue'],
};

/** Other words for the same in a list of stages. */
const STAGE_WORDS: Readonly<Record<string, readonly string[]>> = {
  closed_won: ['won'],
  closed_lost: ['lost'],
  completed: ['done'],
};

/**
 * The events of a module. Every module reports created, updated and deleted, and stage_changed when it has a stage. The
 * usual modules report more: when one of the known stages is called like the event (`Closed Won`), reaching it is the
 * event; otherwise only the CRM itself can publish it. `options` come on top.
 */
export function moduleEvents(
  module: string,
  about: { stageField?: string; stages?: readonly string[]; options?: Record<string, EventOption> },
): EventDescription[] {
  const { stageField, stages = [], options = {} } = about;
  const rules = new Map<string, EventRule>([
    ['created', { on: 'created' }],
    ['updated', { on: 'updated' }],
  ]);
  if (stageField !== undefined) rules.set('stage_changed', { on: 'changed', field: stageField });
  for (const event of Object.hasOwn(USUAL_EVENTS, module) ? (USUAL_EVENTS[module] ?? []) : []) {
    const words = [event, ...(STAGE_WORDS[event] ?? [])];
    const to = stages.filter((stage) => words.includes(asEventName(stage)));
    rules.set(event, stageField !== undefined && to.length > 0 ? { on: 'changed', field: stageField, to } : { on: 'custom' });
  }
  rules.set('deleted', { on: 'deleted' });

  const labels = new Map<string, string>();
  for (const [event, option] of Object.entries(options)) {
    if (option === false) {
      rules.delete(event);
      continue;
    }
    rules.set(event, 'rule' in option ? option.rule : option);
    if ('label' in option && option.label !== undefined) labels.set(event, option.label);
  }
  return [...rules].map(([name, rule]) => ({ name, label: labels.get(name) ?? asLabel(name), rule }));
}

/** `Closed Won`, `closedWon`, `CLOSED-WON` -> `closed_won`. */
function asEventName(stage: string): string {
  return stage
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter(Boolean)
    .join('_');
}

/** A name of code as people read it: `closeDate`, `close_date` -> `Close date`. */
export function asLabel(name: string): string {
  const words = name
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean)
    .map((word) => (/^\p{Lu}+$/u.test(word) && word.length > 1 ? word : word.toLowerCase()))
    .join(' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** `leads` -> `lead`, `opportunities` -> `opportunity`, `boxes` -> `box`. */
export function asSingular(plural: string): string {
  if (/ies$/i.test(plural)) return plural.replace(/ies$/i, 'y');
  if (/(ss|sh|ch|x|z)es$/i.test(plural)) return plural.slice(0, -2);
  return /[^s]s$/i.test(plural) ? plural.slice(0, -1) : plural;
}
