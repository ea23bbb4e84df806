import type { Catalog } from '../catalog.js';
import { withLists } from '../definition/parser.js';
import type { Problem } from '../errors.js';
import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { event } from '../trigger/event.js';
import { manual } from '../trigger/manual.js';
import { schedule } from '../trigger/schedule.js';
import { describeKinds, problemsAmong, type TriggerDescription } from '../trigger/trigger.js';
import type { TriggerKind } from '../trigger/trigger-kind.js';
import type { TriggerReader } from '../trigger/trigger-reader.js';
import { webhook } from '../trigger/webhook.js';
import { checkDeliveryTemplates } from '../trigger/webhook-record.js';
import type { MachineSubject, MachineTrigger } from './types.js';

/** A kind of trigger, asked by machines themselves. */
type Kind = Omit<TriggerKind<never>, 'type' | 'compile'> & { type: string };

const MOST_ROLES = 50;
const { record: _, ...DELIVERY_MEMBERS } = webhook.members;

const byHand: Kind = {
  type: 'manual',
  label: 'By hand',
  description: 'A person fires it.',
  members: {
    input: manual.members.input,
    roles: {
      type: 'array',
      items: { type: 'string' },
      minItems: 1,
      maxItems: MOST_ROLES,
      'x-control': 'role',
      description: 'Who may fire it; without it everybody who may operate.',
    },
  },
  required: [],
  check(reader, catalog) {
    manual.check(reader, catalog);
    const { roles } = reader.json;
    const isList = Array.isArray(roles) && roles.length > 0 && roles.length <= MOST_ROLES;
    if (roles !== undefined && !(isList && roles.every((role) => typeof role === 'string' && role.trim() !== ''))) {
      reader.problem('roles', `"roles" must be a list of 1 to ${MOST_ROLES} names of roles.`);
    }
  },
};

const byEvent: Kind = { ...event, description: 'Fires when something happens to the record.', required: ['event'] };

const byDelivery: Kind = {
  ...webhook,
  description: 'Fires when somebody posts JSON to the machine’s secret URL that is about the record.',
  required: ['record'],
  check(reader, catalog) {
    webhook.check(reader, catalog);
    const { record } = reader.json;
    if (record === undefined) reader.problem('record', '"record" is missing: it says which record a delivery is about.');
    else if (isJsonObject(record) && record.create === true) {
      reader.problem('record.create', 'A delivery to a machine is about a record that is there: it cannot make one.');
    }
  },
};

const RUN_EVENTS = ['run_started', 'run_finished'] as const;

const byRunEvent: Kind = {
  type: 'event',
  label: 'Run of the integration',
  description: 'Fires when the integration’s run begins or ends.',
  members: { event: { enum: [...RUN_EVENTS] } },
  required: ['event'],
  check(reader) {
    if (reader.text('event') !== undefined) reader.optionalChoice('event', RUN_EVENTS);
  },
};

const byDeliveryForRun: Kind = {
  ...webhook,
  description: 'Fires when somebody posts JSON to the machine’s secret URL that is about the integration’s run.',
  members: { ...DELIVERY_MEMBERS, run: { type: 'string', description: 'Which run.', examples: ['{{trigger.body.runId}}'] } },
  required: ['run'],
  check(reader, catalog) {
    webhook.check(reader, catalog);
    if (reader.text('run') !== undefined) checkDeliveryTemplates(reader, reader.json.run, 'run');
  },
};

const nothingToSay = { members: {}, required: [], check: () => undefined };
const byImport: Kind = {
  type: 'import',
  label: 'Import',
  description: 'Fires when an integration has brought the record.',
  ...nothingToSay,
};
const byExport: Kind = {
  type: 'export',
  label: 'Export',
  description: 'Fires when an integration has taken the record.',
  ...nothingToSay,
};
const byTimeout: Kind = {
  type: 'timeout',
  label: 'Timeout',
  description: 'Fires when the timeout of a state names it.',
  ...nothingToSay,
};

const byPoll: Kind = {
  type: 'poll',
  label: 'Scheduled poll',
  description: 'Asked of every instance in the states that it leads from, again and again.',
  members: { cron: schedule.members.cron, timezone: schedule.members.timezone },
  required: ['cron', 'timezone'],
  check: (reader: TriggerReader) => schedule.check(reader),
};

const OF_RECORDS: readonly Kind[] = [byHand, byEvent, byDelivery, byImport, byExport, byPoll, byTimeout];
const OF_RUNS: readonly Kind[] = [byHand, byRunEvent, byDeliveryForRun, byPoll, byTimeout];
const OF_STARTS: readonly Kind[] = [byEvent, byImport, byExport];

/** Describes what may fire the transitions of a machine for a module, or for an integration. */
export function describeMachineTriggers(of: 'module' | 'integration'): TriggerDescription[] {
  return describeKinds(of === 'module' ? OF_RECORDS : OF_RUNS);
}

/** Describes what may make an instance of a machine for a module. */
export function describeStartTriggers(): TriggerDescription[] {
  return describeKinds(OF_STARTS);
}

/**
 * Reads the trigger of a transition, or of the start, and notes its problems. Whatever is of the machine's own module need not
 * name it; another module is a problem.
 */
export function parseMachineTrigger(
  json: Json | undefined,
  path: string,
  { subject, isStart = false }: { subject: MachineSubject | null; isStart?: boolean },
  catalog: Catalog | null,
): { trigger: MachineTrigger; problems: Problem[] } {
  const completed = withModule(json, subject);
  const kinds = isStart ? OF_STARTS : subject && 'integration' in subject ? OF_RUNS : OF_RECORDS;
  const problems = problemsAmong(kinds, completed, path, catalog);
  const trigger = withLists(completed) as unknown as MachineTrigger;
  return { trigger, problems: problems.length > 0 ? problems : strangeModule(trigger, path, subject) };
}

function withModule(json: Json | undefined, subject: MachineSubject | null): Json | undefined {
  if (!isJsonObject(json) || !subject || !('module' in subject)) return json;
  const { module } = subject;
  if (json.type === 'event') return { ...json, module: json.module ?? module };
  if (json.type !== 'webhook' || !isJsonObject(json.record)) return json;
  return { ...json, record: { ...json.record, module: json.record.module ?? module } };
}

function strangeModule(trigger: MachineTrigger, path: string, subject: MachineSubject | null): Problem[] {
  if (!subject || !('module' in subject)) return [];
  const [named, at] = moduleOf(trigger as unknown as JsonObject);
  if (named === undefined || named === subject.module) return [];
  return [{ path: `${path}.${at}`, message: `The machine is for records of ${subject.module}, not of ${String(named)}.` }];
}

function moduleOf({ type, module, record }: JsonObject): [Json | undefined, string] {
  return type === 'event' ? [module, 'module'] : [isJsonObject(record) ? record.module : undefined, 'record.module'];
}
