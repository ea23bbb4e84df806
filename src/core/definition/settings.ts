import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { durationSchema } from '../time/duration.js';
import { callbackSchema, parseCallback } from './callback.js';
import { ObjectReader } from './object-reader.js';
import type { ProblemList } from './problem-list.js';
import type { Reentry, WorkflowSettings } from './types.js';

const REENTRY = ['always', 'not_while_active', 'once_per_record'] as const;
const MOST_CONCURRENT = 1_000;
const ORDERS: readonly WorkflowSettings['order'][] = ['any', 'per_record'];
const LONGEST_RUN = 'P365D';
const LONGEST_PERIOD = 'P3650D';

/** What a workflow gets that says nothing else. */
export const DEFAULT_SETTINGS: Readonly<WorkflowSettings> = {
  reentry: 'always',
  countFailedRuns: false,
  maxConcurrentRuns: 0,
  order: 'any',
  maxDuration: 'P30D',
};

/**
 * What a job gets that says nothing else: a workflow that a clock or a caller starts, with nobody waiting for it and nothing that
 * keeps it from starting again while it still runs. Versions that were published without it keep what they had.
 */
const JOB_DEFAULTS = { maxConcurrentRuns: 1, maxDuration: 'PT30M' } as const;
const JOB_TRIGGERS: ReadonlySet<Json | undefined> = new Set(['schedule', 'webhook']);

/** Settings that a workflow does not name. */
export type SettingDefaults = Pick<WorkflowSettings, 'maxConcurrentRuns' | 'maxDuration'>;

/** Returns what a definition gets for settings that it does not name, where that depends on its trigger; null where it does not. */
export function settingDefaults(definition: JsonObject): SettingDefaults | null {
  const { trigger } = definition;
  return isJsonObject(trigger) && JOB_TRIGGERS.has(trigger.type) ? { ...JOB_DEFAULTS } : null;
}

/** Returns the definition with the settings that it does not name; as {@link settingDefaults} has them, it is read by any release. */
export function withSettingDefaults(definition: JsonObject): JsonObject {
  const defaults = settingDefaults(definition);
  const { settings = {} } = definition;
  return defaults === null || !isJsonObject(settings) ? definition : { ...definition, settings: { ...defaults, ...settings } };
}

/** The settings, in a schema. */
export const SETTINGS_SCHEMA: JsonObject = {
  type: 'object',
  properties: {
    reentry: {
      description: 'When it may run again on the same record.',
      default: DEFAULT_SETTINGS.reentry as string,
      anyOf: [
        { enum: [...REENTRY] },
        {
          type: 'object',
          properties: { oncePer: durationSchema('Once in any such period.') },
          required: ['oncePer'],
          additionalProperties: false,
        },
      ],
    },
    maxConcurrentRuns: {
      type: 'integer',
      minimum: 0,
      maximum: MOST_CONCURRENT,
      default: DEFAULT_SETTINGS.maxConcurrentRuns,
      description:
        'How many runs of it may be under way; 0: no limit. Of workflows that start by a schedule or a trigger URL the default is 1.',
    },
    countFailedRuns: {
      type: 'boolean',
      default: DEFAULT_SETTINGS.countFailedRuns,
      description: 'Whether runs that failed count as runs on the record.',
    },
    order: {
      enum: [...ORDERS],
      default: DEFAULT_SETTINGS.order,
      description: '`per_record`: the runs of one record go one after the other, in the order of their events.',
    },
    maxDuration: {
      ...durationSchema('A run that takes longer is failed. Of workflows that start by a schedule or a trigger URL the default is PT30M.'),
      default: DEFAULT_SETTINGS.maxDuration,
    },
    onSuccess: callbackSchema('Who is told when a run has succeeded: a POST of how it ended, tried again until it is taken.'),
    onFailure: callbackSchema('Who is told when a run has failed.'),
  },
  additionalProperties: false,
};

/** Reads `settings`, with the defaults filled in. */
export function parseSettings(json: Json | undefined, path: string, problems: ProblemList): WorkflowSettings {
  if (json === undefined) return { ...DEFAULT_SETTINGS };
  const reader = ObjectReader.open(json, path, problems, 'The settings');
  if (!reader) return { ...DEFAULT_SETTINGS };
  const settings: WorkflowSettings = {
    reentry: parseReentry(reader),
    countFailedRuns: reader.flag('countFailedRuns', DEFAULT_SETTINGS.countFailedRuns),
    maxConcurrentRuns: reader.optionalNumber('maxConcurrentRuns', { min: 0, max: MOST_CONCURRENT }) ?? DEFAULT_SETTINGS.maxConcurrentRuns,
    order: reader.choice('order', ORDERS, DEFAULT_SETTINGS.order),
    ...parseRunSettings(reader),
  };
  reader.finish();
  return settings;
}

/** What runs are bound to once they have started. */
export type RunSettings = Pick<WorkflowSettings, 'maxDuration' | 'onSuccess' | 'onFailure'>;

/** Reads those settings that are about runs that have started. */
export function parseRunSettings(reader: ObjectReader): RunSettings {
  return { maxDuration: reader.optionalDuration('maxDuration', LONGEST_RUN) ?? DEFAULT_SETTINGS.maxDuration, ...parseCallbacks(reader) };
}

function parseCallbacks(reader: ObjectReader): Pick<WorkflowSettings, 'onSuccess' | 'onFailure'> {
  const [onSuccess, onFailure] = ['onSuccess', 'onFailure'].map((name) =>
    parseCallback(reader.raw(name), reader.at(name), reader.problems),
  );
  return { ...(onSuccess && { onSuccess }), ...(onFailure && { onFailure }) };
}

function parseReentry(reader: ObjectReader): Reentry {
  const json = reader.raw('reentry');
  if (json === undefined) return DEFAULT_SETTINGS.reentry;
  const named = REENTRY.find((one) => one === json);
  if (named) return named;
  if (!isJsonObject(json)) {
    reader.problem('reentry', `"reentry" must be one of: ${REENTRY.join(', ')}, or { "oncePer": <duration> }.`);
    return DEFAULT_SETTINGS.reentry;
  }
  const period = new ObjectReader(json, reader.at('reentry'), reader.problems);
  if (!period.has('oncePer')) period.problem('oncePer', '"oncePer" is missing.');
  const oncePer = period.optionalDuration('oncePer', LONGEST_PERIOD) ?? '';
  period.finish();
  return { oncePer };
}
