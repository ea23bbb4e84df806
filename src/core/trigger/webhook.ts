import type { JsonObject } from '../json.js';
import { REFERENCE_SCHEMA } from '../secrets/secret-reference.js';
import { bodySchemaProblems } from './body-schema.js';
import { BODY_SCHEMA, SEEN_HEADERS, seenHeaderProblems } from './seen-request.js';
import type { TriggerKind } from './trigger-kind.js';
import type { TriggerReader } from './trigger-reader.js';
import { type CallerSecret, type CallSignature, checkSecret, checkSignature, HEADER_NAME } from './webhook-auth.js';
import { checkRecord, type TriggerRecord } from './webhook-record.js';

/** Starts on a POST to the workflow's secret URL. */
export interface WebhookTrigger {
  type: 'webhook';
  /** What the body must look like, as JSON Schema; others are answered 400. */
  schema?: JsonObject;
  /** Which headers runs see as `trigger.headers`, beside those that all see. */
  headers?: string[];
  /** What the caller must send in a header; others are answered 401. */
  secret?: CallerSecret;
  /** How the caller signs the body; others are answered 401. */
  signature?: CallSignature;
  /** The record that the run is about. */
  record?: TriggerRecord;
}

const HEADER = { type: 'string', pattern: HEADER_NAME.source };
const SECRET: JsonObject = { anyOf: [{ type: 'string', writeOnly: true }, REFERENCE_SCHEMA] };
const EXPRESSION = '{{trigger.body.email}}';

export const webhook = {
  type: 'webhook',
  label: 'Trigger URL',
  description: 'Starts when somebody posts JSON to the workflow’s secret URL.',
  members: {
    schema: BODY_SCHEMA,
    headers: SEEN_HEADERS,
    secret: {
      type: 'object',
      properties: { header: HEADER, value: SECRET },
      required: ['header', 'value'],
      additionalProperties: false,
      description: 'A header that the caller sends with this value, or with this secret of the workspace.',
    },
    signature: {
      type: 'object',
      properties: {
        type: { enum: ['standard_webhooks', 'hmac_sha256'] },
        secret: SECRET,
        header: HEADER,
        timestampHeader: HEADER,
      },
      required: ['type', 'secret'],
      additionalProperties: false,
      description: 'How the caller signs the body: Standard Webhooks, or HMAC-SHA256 in a header (hex or base64).',
    },
    record: {
      type: 'object',
      properties: {
        module: { type: 'string', 'x-control': 'module' },
        match: { type: 'object', additionalProperties: true, 'x-control': 'field', 'x-module': ['module'] },
        create: { type: 'boolean', default: false },
        set: { type: 'object', additionalProperties: true, 'x-control': 'writable-field', 'x-module': ['module'] },
      },
      required: ['module', 'match'],
      additionalProperties: false,
      description: 'The record that the run is about: the one whose fields are these; `create` makes one where there is none.',
      examples: [{ module: 'leads', match: { email: EXPRESSION }, create: true, set: { name: '{{trigger.body.name}}' } }],
    },
  },
  required: [],
  check(reader, catalog) {
    const { schema } = reader.json;
    if (schema !== undefined) for (const { path, message } of bodySchemaProblems(schema)) reader.problem(`schema${path}`, message);
    checkHeaders(reader);
    checkSecret(reader);
    checkSignature(reader);
    checkRecord(reader, catalog);
  },
} satisfies TriggerKind<WebhookTrigger>;

function checkHeaders(reader: TriggerReader): void {
  const { headers, secret, signature } = reader.json;
  if (headers === undefined) return;
  const secrets = [secret, signature].map((one) => (one as JsonObject | undefined)?.header).filter((name) => typeof name === 'string');
  for (const { path, message } of seenHeaderProblems(headers, secrets)) reader.problem(`headers${path}`, message);
}
