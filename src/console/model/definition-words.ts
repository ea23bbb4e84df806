import type { Json, JsonObject } from '../../core/json.js';
import { type Catalog, type CatalogOperator, isObject, moduleOf, textsOf } from './catalog.js';
import { cronWords } from './cron-words.js';
import { durationMs, durationWords, offsetWords, tookWords } from './time.js';
import { countWords, listWords, nameWords, shortened, valueWords } from './words.js';

/** Returns what starts a workflow: `Leads: Stage changed to Won`, `At 09:30, Monday to Friday`. */
export function triggerWords(trigger: Json | undefined, catalog: Pick<Catalog, 'modules'> | null): string {
  if (!isObject(trigger)) return 'Nothing chosen yet';
  const module = moduleOf(catalog, trigger.module)?.label ?? (typeof trigger.module === 'string' ? nameWords(trigger.module) : null);
  switch (trigger.type) {
    case 'event':
      return eventWords(trigger, module, catalog);
    case 'schedule':
      return `${cronWords(String(trigger.cron ?? ''))}${typeof trigger.timezone === 'string' ? ` (${trigger.timezone})` : ''}`;
    case 'date':
      return dateWords(trigger, module, catalog);
    case 'webhook':
      return 'A call of its trigger URL';
    case 'manual':
      return module === null ? 'By hand' : `By hand, on ${module}`;
    case 'machine_entered': {
      const states = textsOf(trigger.state);
      return `${module ?? 'A record'}: enters ${states.length === 0 ? 'any state' : listWords(states, 'or')} of ${String(trigger.machine ?? 'a state machine')}`;
    }
    case 'connector':
      return `${String(trigger.connector ?? 'Connector')}: ${nameWords(String(trigger.event ?? 'event'))}`;
    default:
      return trigger.type === undefined ? 'Nothing chosen yet' : nameWords(String(trigger.type));
  }
}

function eventWords(trigger: JsonObject, module: string | null, catalog: Pick<Catalog, 'modules'> | null): string {
  const name = typeof trigger.event === 'string' ? trigger.event : null;
  const label = moduleOf(catalog, trigger.module)?.events.find((event) => event.name === name)?.label;
  const event = label ?? (name === null ? 'no event chosen' : nameWords(name));
  const fields = textsOf(trigger.fields).map((field) => fieldWords(field, trigger.module, catalog));
  const [from, to] = [textsOf(trigger.from), textsOf(trigger.to)];
  const parts = [
    `${module ?? 'No module'}: ${event}`,
    ...(fields.length > 0 ? [`(${listWords(fields, 'or')})`] : []),
    ...(from.length > 0 ? [`from ${listWords(from, 'or')}`] : []),
    ...(to.length > 0 ? [`to ${listWords(to, 'or')}`] : []),
  ];
  return parts.join(' ');
}

function dateWords(trigger: JsonObject, module: string | null, catalog: Pick<Catalog, 'modules'> | null): string {
  const field = typeof trigger.field === 'string' ? fieldWords(trigger.field, trigger.module, catalog) : 'a date';
  const offset = offsetWords(typeof trigger.offset === 'string' ? trigger.offset : 'P0D');
  const at = typeof trigger.at === 'string' ? ` at ${trigger.at}` : '';
  return `${module ?? 'No module'}: ${offset} ${field}${at}`;
}

/** Returns the name of a field as people know it; of all that is no field of the record, its path. */
export function fieldWords(path: string, module: unknown, catalog: Pick<Catalog, 'modules'> | null): string {
  const known = moduleOf(catalog, module);
  const plain = path.replace(/^record\./, '');
  const own = known?.fields.find(({ name }) => name === plain);
  if (own) return own.label;
  const [first = '', ...rest] = plain.split('.');
  const relation = known?.relations.find(({ name }) => name === first);
  const related = relation && moduleOf(catalog, relation.module)?.fields.find(({ name }) => name === rest.join('.'));
  if (relation && related) return `${nameWords(relation.name)} › ${related.label}`;
  if (rest.length === 0 || isRoot(first) === false) return path;
  return [nameWords(first), ...rest.slice(0, -1).map(nameWords), fieldOf(first, rest, known)].join(' › ');
}

/** The last member of a path below a variable: of `previous` and `changes` a field of the record. */
function fieldOf(root: string, rest: readonly string[], module: ReturnType<typeof moduleOf>): string {
  const name = rest.at(-1) as string;
  const label = root === 'previous' ? module?.fields.find((field) => field.name === name)?.label : undefined;
  return label ?? name;
}

const ROOTS = new Set(['previous', 'changes', 'trigger', 'context', 'steps', 'actor', 'workflow', 'run', 'item']);

function isRoot(name: string): boolean {
  return ROOTS.has(name);
}

/** Returns a retry policy in words: `5 attempts over about 2 min`, `1 attempt`. Jitter makes pauses shorter, so it is the longest. */
export function retryWords(policy: Json | undefined): string {
  const { maxAttempts = 3, initialInterval = 'PT10S', multiplier = 2, maxInterval = 'PT1H' } = isObject(policy) ? policy : {};
  const attempts = typeof maxAttempts === 'number' && maxAttempts >= 1 ? maxAttempts : 3;
  const most = durationMs(String(maxInterval)) ?? 3_600_000;
  let pause = durationMs(String(initialInterval)) ?? 10_000;
  let over = 0;
  for (let attempt = 1; attempt < attempts; attempt += 1) {
    over += Math.min(pause, most);
    pause *= typeof multiplier === 'number' && multiplier >= 1 ? multiplier : 2;
  }
  return attempts === 1 ? '1 attempt' : `${countWords(attempts, 'attempt')} over about ${tookWords(over)}`;
}

/** Returns the value side of a test in words. */
export function operandWords(operator: Pick<CatalogOperator, 'value'> | undefined, value: Json | undefined): string {
  switch (operator?.value) {
    case 'none':
      return '';
    case 'range':
      return Array.isArray(value) ? value.map(valueWords).join(' and ') : valueWords(value);
    case 'amount': {
      if (!isObject(value)) return '…';
      const count = typeof value.amount === 'number' ? value.amount : 0;
      return countWords(
        count,
        String(value.unit ?? 'day')
          .replace('business_', 'working ')
          .replace('_', ' '),
      );
    }
    case 'change':
      return isObject(value) ? `${valueWords(value.from)} to ${valueWords(value.to)}` : '…';
    default:
      return value === undefined || value === '' ? '…' : valueWords(value);
  }
}

/** Returns a test in words: `Source is "Web Form"`. */
export function testWords(test: JsonObject, module: unknown, catalog: Pick<Catalog, 'modules' | 'operators'> | null): string {
  const operator = catalog?.operators.find(({ name }) => name === test.operator);
  const field = typeof test.field === 'string' && test.field !== '' ? fieldWords(test.field, module, catalog) : 'No field';
  const label = operator?.label ?? (typeof test.operator === 'string' ? nameWords(test.operator).toLowerCase() : '…');
  return [field, label, operandWords(operator, test.value)].filter((part) => part !== '').join(' ');
}

const GROUPS = { all: 'and', any: 'or', none: 'or' } as const;

/** Returns a condition in one sentence without an end: `Source is Web Form and (Amount is greater than 5 or …)`. */
export function conditionWords(
  condition: Json | undefined,
  module: unknown,
  catalog: Pick<Catalog, 'modules' | 'operators'> | null,
  isInner = false,
): string {
  if (!isObject(condition)) return 'always';
  for (const group of ['all', 'any', 'none'] as const) {
    const members = condition[group];
    if (!Array.isArray(members)) continue;
    if (members.length === 0) return group === 'any' ? 'never' : 'always';
    const words = members.map((member) => conditionWords(member, module, catalog, true)).join(` ${GROUPS[group]} `);
    if (group === 'none') return `none of (${words})`;
    return isInner && members.length > 1 ? `(${words})` : words;
  }
  return testWords(condition, module, catalog);
}

/** The arguments that say most about a step, the best first. */
const TELLING = [
  'template',
  'title',
  'subject',
  'stage',
  'field',
  'tag',
  'tags',
  'url',
  'name',
  'to',
  'role',
  'message',
  'body',
  'text',
  'module',
];

/** Returns the kind of a step as people know it. */
export function stepKindWords(type: Json | undefined, catalog: Pick<Catalog, 'actions' | 'stepTypes'> | null): string {
  const known = catalog?.stepTypes.find((one) => one.type === type) ?? catalog?.actions.find((one) => one.type === type);
  return known?.label ?? (typeof type === 'string' && type !== '' ? nameWords(type) : 'No kind chosen');
}

/** Returns what a step is called: its name, else its kind and what it mainly does: `Send e-mail · welcome`. */
export function stepWords(step: JsonObject, catalog: Pick<Catalog, 'actions' | 'stepTypes'> | null): string {
  if (typeof step.name === 'string' && step.name.trim() !== '') return step.name;
  const detail = stepDetail(step);
  const kind = stepKindWords(step.type, catalog);
  return detail === null ? kind : `${kind} · ${detail}`;
}

/** Returns what a step mainly does, from what it is given; null when it says nothing. */
function stepDetail(step: JsonObject): string | null {
  switch (step.type) {
    case 'delay':
      return delayWords(step);
    case 'branch':
    case 'parallel':
      return Array.isArray(step.branches) ? countWords(step.branches.length, 'branch', 'branches') : null;
    case 'for_each':
      return typeof step.in === 'string' ? shortened(step.in.replace(/[{}]/g, ''), 40) : null;
    case 'run_workflow':
      return typeof step.workflow === 'string' ? step.workflow : null;
    case 'stop':
      return typeof step.outcome === 'string' ? step.outcome : 'succeeded';
    default: {
      const args = isObject(step.with) ? step.with : step;
      const key = TELLING.find((name) => tellable(args[name]) !== null && !(name === 'name' && args === step));
      return key === undefined ? null : tellable(args[key]);
    }
  }
}

function tellable(value: Json | undefined): string | null {
  if (typeof value === 'string' && value.trim() !== '') return shortened(value, 48);
  const texts = textsOf(value);
  return texts.length > 0 ? shortened(listWords(texts), 48) : null;
}

function delayWords(step: JsonObject): string | null {
  if (typeof step.for === 'string') return durationWords(step.for);
  if (typeof step.until === 'string') return `until ${shortened(step.until, 40)}`;
  if (typeof step.untilField !== 'string') return null;
  const offset = offsetWords(typeof step.offset === 'string' ? step.offset : 'P0D');
  return offset === 'on' ? `until ${step.untilField}` : `until ${offset} ${step.untilField}`;
}
