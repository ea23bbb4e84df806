import type { ActionDescription, ActionWrite, Catalog, FieldType, ModuleDescription } from '../../../../src/core/catalog.js';
import type { Problem } from '../../../../src/core/errors.js';
import type { Json, JsonObject } from '../../../../src/core/json.js';
import { parseMachine } from '../../../../src/core/machine/parser.js';
import type { MachineDefinition } from '../../../../src/core/machine/types.js';

function field(name: string, type: FieldType): ModuleDescription['fields'][number] {
  return { name, label: name, type, nullable: true, writable: true };
}

const OPPORTUNITIES: ModuleDescription = {
  name: 'opportunities',
  singular: 'opportunity',
  label: 'Opportunities',
  fields: [field('name', 'text'), field('number', 'text'), field('amount', 'money'), field('stage', 'text'), field('note', 'text')],
  relations: [],
  events: [
    { name: 'updated', label: 'Updated', rule: { on: 'updated' } },
    { name: 'closed_won', label: 'Closed won', rule: { on: 'changed', field: 'stage', to: ['closed_won'] } },
  ],
  stageField: 'stage',
};

function action(type: string, writes?: ActionDescription['writes']): ActionDescription {
  return { type, label: type, effect: 'local', argumentsSchema: {}, check: () => [], ...(writes && { writes }) };
}

const change = (args: JsonObject): ActionWrite[] => [
  { kind: 'field', field: args.field as string, ...(args.value !== undefined && { value: args.value as Json }) },
];

export const CATALOG: Catalog = {
  modules: new Map([
    ['opportunities', OPPORTUNITIES],
    ['leads', { ...OPPORTUNITIES, name: 'leads', singular: 'lead', label: 'Leads' }],
  ]),
  actions: new Map([
    ['notify', action('notify')],
    ['change_field', action('change_field', change)],
  ]),
};

export const TELL: JsonObject = { id: 'tell', type: 'notify', with: { text: 'Order {{record.number}}' } };

/** An order that goes to a partner: the machine of the tests, with the given parts in place of its own. */
export function orders(parts: JsonObject = {}): JsonObject {
  return {
    for: { module: 'opportunities' },
    start: { trigger: { type: 'event', event: 'closed_won' } },
    states: [
      { code: 'NEW', initial: true },
      { code: 'SUBMITTED', timeout: { after: 'PT48H', transition: 'escalate' } },
      { code: 'CONFIRMED', final: true },
      { code: 'ESCALATED' },
    ],
    transitions: [
      { code: 'submit', from: 'NEW', to: 'SUBMITTED', trigger: { type: 'export' } },
      { code: 'confirm', from: ['SUBMITTED', 'ESCALATED'], to: 'CONFIRMED', trigger: { type: 'import' }, steps: [TELL] },
      { code: 'escalate', from: 'SUBMITTED', to: 'ESCALATED', trigger: { type: 'timeout' } },
    ],
    ...parts,
  };
}

/** The same with one more transition. */
export function withTransition(transition: JsonObject, parts: JsonObject = {}): JsonObject {
  const { transitions, ...rest } = orders();
  return { ...rest, transitions: [...(transitions as Json[]), { code: 'more', from: 'any', to: 'NEW', ...transition }], ...parts };
}

/** The problems of a definition. */
export function problemsOf(json: unknown, catalog: Catalog | null = CATALOG): Problem[] {
  const parsed = parseMachine(json, catalog);
  return parsed.ok ? [] : parsed.problems;
}

/** A machine that has none. */
export function machineOf(json: unknown, catalog: Catalog | null = CATALOG): MachineDefinition {
  const parsed = parseMachine(json, catalog);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.machine;
}
