import type { JsonObject } from '../../core/json.js';
import { type Catalog, isObject } from './catalog.js';

/** What every action has beside its arguments; the catalogue tells the arguments alone. */
export const RETRY_SCHEMA: JsonObject = {
  type: 'object',
  properties: {
    maxAttempts: { type: 'integer', minimum: 1, maximum: 20, default: 3, title: 'Attempts' },
    initialInterval: { type: 'string', format: 'duration', default: 'PT10S', title: 'First pause' },
    multiplier: { type: 'number', minimum: 1, maximum: 10, default: 2, title: 'Each pause longer by' },
    maxInterval: { type: 'string', format: 'duration', default: 'PT1H', title: 'Longest pause' },
  },
};

export const ATTEMPT_SCHEMA: JsonObject = {
  type: 'object',
  properties: {
    timeout: { type: 'string', format: 'duration', title: 'Longest attempt' },
    onAmbiguous: {
      enum: ['retry', 'hold'],
      default: 'retry',
      title: 'When an answer was lost',
      description: 'Retry: it is tried again, and may happen twice. Hold: it fails, and a person decides.',
    },
  },
};

export const OUTPUT_SCHEMA: JsonObject = {
  type: 'object',
  properties: {
    extract: { type: 'object', title: 'Keep for later steps', description: 'Values for context.* of this run, taken from the output.' },
    extractToContext: { type: 'object', title: 'Keep for later runs', description: 'The same, for the context of the workflow.' },
  },
};

/** What is drawn by other means than a control: what every step has, and the lists of steps. */
export const NO_ARGUMENTS: readonly string[] = [
  'id',
  'type',
  'name',
  'onError',
  'extract',
  'extractToContext',
  'branches',
  'otherwise',
  'steps',
];

/** Returns the schema of what a step of this type is given, and where that stands in the step; null for a type nobody knows. */
export function argumentsOf(type: unknown, catalog: Pick<Catalog, 'actions' | 'stepTypes'>): { schema: JsonObject; at: string[] } | null {
  const action = catalog.actions.find((one) => one.type === type);
  if (action) return { schema: action.argumentsSchema, at: ['with'] };
  const kind = catalog.stepTypes.find((one) => one.type === type);
  return kind ? { schema: kind.schema, at: [] } : null;
}

/** Returns the names of what a step of this type may be given. */
export function argumentNames(type: string, catalog: Pick<Catalog, 'actions' | 'stepTypes'>): string[] {
  const { properties } = argumentsOf(type, catalog)?.schema ?? {};
  return isObject(properties) ? Object.keys(properties) : [];
}
