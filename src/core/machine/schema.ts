import type { Catalog } from '../catalog.js';
import { byMember, conditional, definitionSchema } from '../definition/schema.js';
import { SETTINGS_SCHEMA } from '../definition/settings.js';
import { isJsonObject, type JsonObject } from '../json.js';
import { durationSchema } from '../time/duration.js';
import type { TriggerDescription } from '../trigger/trigger.js';
import { MACHINE_PART_CODE, MAX_STATES, MAX_TRANSITIONS } from './parser.js';
import { describeMachineTriggers, describeStartTriggers } from './triggers.js';

const CODE: JsonObject = { type: 'string', pattern: MACHINE_PART_CODE.source };
const DESCRIPTION: JsonObject = { type: 'string', maxLength: 2_000 };

/**
 * The JSON Schema (2020-12) of a machine's definition against a catalogue, as {@link definitionSchema} is that of a workflow's,
 * whose steps and conditions it has. Which states and transitions there are is the parser's to examine.
 */
export function machineSchema(catalog: Catalog): JsonObject {
  const { $schema, $defs } = definitionSchema(catalog);
  return {
    $schema: $schema as string,
    title: 'State machine',
    type: 'object',
    properties: {
      for: {
        description: 'An instance for each record of the module, or for each run of the integration.',
        anyOf: [only('module', { enum: [...catalog.modules.keys()] }), only('integration', { type: 'string' })],
      },
      start: {
        type: 'object',
        properties: { trigger: triggers(describeStartTriggers()), conditions: { $ref: '#/$defs/condition' } },
        required: ['trigger'],
        additionalProperties: false,
      },
      states: { type: 'array', items: STATE, minItems: 1, maxItems: MAX_STATES },
      transitions: { type: 'array', items: { $ref: '#/$defs/transition' }, maxItems: MAX_TRANSITIONS },
    },
    required: ['for', 'states', 'transitions'],
    additionalProperties: false,
    ...conditional(
      { for: { required: ['integration'] } },
      { properties: { transitions: firedBy(describeMachineTriggers('integration')) } },
    ),
    else: { properties: { transitions: firedBy(describeMachineTriggers('module')) } },
    $defs: { ...($defs as JsonObject), transition: transition() },
  };
}

/** What a machine is made of, as a catalog shows it. */
export interface MachineParts {
  /** What may fire the transitions of a machine for a module, and for an integration; what may make an instance for a record. */
  triggers: Record<'module' | 'integration' | 'start', TriggerDescription[]>;
  /** JSON Schema of a state. */
  state: JsonObject;
  /** JSON Schema of a transition, whose trigger is one of those. */
  transition: JsonObject;
  /** JSON Schema of the settings of a transition. */
  settings: JsonObject;
}

/** Returns what forms for machines are made of. Conditions and steps are `#/$defs/condition` and `#/$defs/steps` of a definition. */
export function describeMachineParts(): MachineParts {
  const described = (kinds: readonly TriggerDescription[]) => kinds.map((kind) => ({ ...kind, schema: withoutModule(kind.schema) }));
  return {
    triggers: {
      module: described(describeMachineTriggers('module')),
      integration: describeMachineTriggers('integration'),
      start: described(describeStartTriggers()),
    },
    state: STATE,
    transition: transition(),
    settings: SETTINGS,
  };
}

function only(name: string, schema: JsonObject): JsonObject {
  return { type: 'object', properties: { [name]: schema }, required: [name], additionalProperties: false };
}

const STATE: JsonObject = {
  type: 'object',
  properties: {
    code: CODE,
    description: DESCRIPTION,
    initial: { type: 'boolean', default: false, description: 'Exactly one state is.' },
    final: { type: 'boolean', default: false, description: 'Nothing leads out of it.' },
    timeout: {
      type: 'object',
      properties: {
        after: durationSchema('From entering the state on.'),
        transition: { ...CODE, description: 'The transition that is fired.' },
      },
      required: ['after', 'transition'],
      additionalProperties: false,
    },
  },
  required: ['code'],
  additionalProperties: false,
};

const { maxDuration, onSuccess, onFailure } = SETTINGS_SCHEMA.properties as JsonObject;
const SETTINGS = { type: 'object', properties: { maxDuration, onSuccess, onFailure }, additionalProperties: false } as JsonObject;

function transition(): JsonObject {
  return {
    type: 'object',
    properties: {
      code: CODE,
      description: DESCRIPTION,
      from: {
        description: 'A state, several, or `any`: every state that is not final.',
        anyOf: [CODE, { type: 'array', items: CODE, minItems: 1, maxItems: MAX_STATES }],
      },
      to: CODE,
      trigger: { type: 'object' },
      conditions: { $ref: '#/$defs/condition' },
      steps: { $ref: '#/$defs/steps' },
      settings: SETTINGS,
      enabled: { type: 'boolean', default: true },
    },
    required: ['code', 'from', 'to', 'trigger'],
    additionalProperties: false,
  };
}

function firedBy(kinds: readonly TriggerDescription[]): JsonObject {
  return { items: { properties: { trigger: triggers(kinds) } } };
}

/** What is of the machine's module need not name it. */
function triggers(kinds: readonly TriggerDescription[]): JsonObject {
  return byMember(
    'type',
    kinds.map(({ type, description, schema }) => [type, { description, ...withoutModule(schema) }]),
  );
}

function withoutModule(schema: JsonObject): JsonObject {
  const { record, ...members } = schema.properties as JsonObject;
  if (!isJsonObject(record)) return schema;
  // The fields of a record are the machine's module's, whether that is named or not.
  const ofRecord = Object.entries(record.properties as Record<string, JsonObject>).map(([name, { 'x-module': _, ...one }]) => [name, one]);
  return { ...schema, properties: { ...members, record: { ...record, properties: Object.fromEntries(ofRecord), required: ['match'] } } };
}
