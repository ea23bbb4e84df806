import { compact } from '../definition/object-reader.js';
import type { StepSite } from '../definition/step-site.js';
import type { Json, JsonObject } from '../json.js';
import { hasExpression } from '../template/template.js';
import { bodySchemaProblems } from '../trigger/body-schema.js';
import { BODY_SCHEMA, SEEN_HEADERS, seenHeaderProblems } from '../trigger/seen-request.js';
import { EXPIRES_IN, EXPIRY_OUTCOMES, type ExpiryOutcome, endedByExpiry, expired, expiryOf, ON_EXPIRY, readExpiresIn } from './expiry.js';
import type { StepBase } from './step.js';
import { answered, type Decision, type StepKind } from './step-kind.js';

/** Waits for a POST to a one-time URL. */
export interface WaitForWebhookStep extends StepBase {
  kind: 'wait_for_webhook';
  /** What the body must look like, as JSON Schema; others are answered 400, and the wait goes on. */
  schema?: JsonObject;
  /** Which headers the run sees in the output, beside those that all see. */
  headers?: string[];
  expiresIn?: string;
  onExpiry: ExpiryOutcome;
  /** With `onExpiry: continue`: what `output.body` is then. */
  value?: Json;
}

/** The shell opens a one-time URL. */
export interface OpenCallback {
  kind: 'open_callback';
}

export const waitForWebhook = {
  kind: 'wait_for_webhook',
  about: {
    label: 'Wait for a call',
    description:
      'Waits for somebody to post JSON to a URL that works once. The URL is there as soon as the run is: `{{steps.<id>.resumeUrl}}` in any step.',
    members: {
      schema: BODY_SCHEMA,
      headers: SEEN_HEADERS,
      expiresIn: EXPIRES_IN,
      onExpiry: ON_EXPIRY,
      value: { description: 'What `output.body` is when nobody has called in time and the run goes on. Default: null.' },
    },
    required: [],
  },

  addressed: true,

  parse: (site) =>
    compact({
      ...site.base,
      kind: 'wait_for_webhook' as const,
      schema: readSchema(site),
      headers: readHeaders(site),
      expiresIn: readExpiresIn(site.reader),
      onExpiry: site.reader.choice('onExpiry', EXPIRY_OUTCOMES, 'fail'),
      value: readValue(site),
    }),

  output: () => ({ body: 'json', headers: 'json', query: 'json', expired: 'boolean' }),

  decide: (step, scope, now): Decision<OpenCallback> => ({
    status: 'waiting',
    input: null,
    output: null,
    wakeAt: expiryOf(step, scope, now),
    effect: { kind: 'open_callback' },
  }),

  failed: endedByExpiry,

  wait: {
    reason: 'webhook' as const,
    expire(step) {
      return step.onExpiry === 'continue' ? answered({ body: step.value ?? null, headers: {}, query: {}, expired: true }) : expired(step);
    },
    /** `{ body?, headers?, query? }` */
    answer: (_step, { body = null, headers = {}, query = {} }) => answered({ body, headers, query, expired: false }),
    sample: () => ({ body: {} }),
  },
} satisfies StepKind<WaitForWebhookStep>;

function readSchema({ reader }: StepSite): JsonObject | undefined {
  const schema = reader.raw('schema');
  if (schema === undefined) return undefined;
  for (const { path, message } of bodySchemaProblems(schema)) reader.problems.add(`${reader.at('schema')}${path}`, message);
  return schema as JsonObject;
}

function readHeaders({ reader }: StepSite): string[] | undefined {
  const headers = reader.raw('headers');
  if (headers === undefined) return undefined;
  for (const { path, message } of seenHeaderProblems(headers)) reader.problems.add(`${reader.at('headers')}${path}`, message);
  return headers as string[];
}

/** A value as it is: the run has gone on when it is used, so nothing is rendered into it. */
function readValue({ reader }: StepSite): Json | undefined {
  const value = reader.raw('value');
  if (value === undefined) return undefined;
  if (reader.raw('onExpiry') !== 'continue') reader.problem('value', 'A "value" is used with "onExpiry": "continue" alone.');
  if (hasExpression(JSON.stringify(value))) reader.problem('value', 'This is taken as it is: it can hold no template.');
  return value;
}
