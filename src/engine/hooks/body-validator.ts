import { isIP } from 'node:net';
import { isEmail, isFQDN, isISO8601 } from 'class-validator';
import { validate as isUuid } from 'uuid';
import type { Problem } from '../../core/errors.js';
import type { Json, JsonObject } from '../../core/json.js';
import { Unfit } from '../../core/operators/operator.js';
import { compilePattern, LONGEST_MATCHED } from '../../core/operators/text.js';
import { LastUsed } from '../last-used.js';

/** The problems of a body. */
export type BodyCheck = (body: Json) => Problem[];

/** The most schemas that are kept compiled. */
const KEPT = 500;
const MOST_PROBLEMS = 20;
/** Beyond, the first problem is all that is told: a list of 50,000 items would have as many. */
const TOLD_WHOLE_BYTES = 16 * 1024;
/** Nothing that has a format is longer, and the time of some checks grows with the square. */
const LONGEST = 2_000;

const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  date: (text) => /^\d{4}-\d\d-\d\d$/.test(text) && isISO8601(text, { strict: true }),
  'date-time': (text) => /^\d{4}-\d\d-\d\d[Tt ].*([Zz]|[+-]\d\d:\d\d)$/.test(text) && isISO8601(text, { strict: true }),
  email: (text) => isEmail(text),
  hostname: (text) => isFQDN(text, { require_tld: false }),
  ipv4: (text) => isIP(text) === 4,
  ipv6: (text) => isIP(text) === 6,
  time: (text) => /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)?$/.test(text),
  uri: (text) => /^[a-z][a-z0-9+.-]*:/i.test(text) && URL.canParse(text),
  uuid: (text) => isUuid(text),
};

/** Holds bodies of deliveries to JSON Schemas, which core/trigger/body-schema.ts has passed. */
export class BodyValidator {
  private readonly checks = new LastUsed<Promise<BodyCheck>>(KEPT);

  /** The check for the schema of a version, which never changes: made once, however many deliveries ask for it at once. */
  of(versionId: string, schema: JsonObject): Promise<BodyCheck> {
    const known = this.checks.get(versionId);
    if (known) return known;
    const check = compile(schema);
    this.checks.set(versionId, check);
    return check;
  }
}

async function compile(schema: JsonObject): Promise<BodyCheck> {
  // Loaded by the first delivery that has a schema.
  const { Ajv2020 } = await import('ajv/dist/2020.js');
  const options = {
    strict: false,
    logger: false,
    // It has been checked when it was saved, and held to more than the standard does.
    validateSchema: false,
    addUsedSchema: false,
    code: { regExp: LINEAR },
    formats: boundedFormats(),
  } as const;
  const whole = new Ajv2020({ ...options, allErrors: true }).compile(schema);
  const first = new Ajv2020(options).compile(schema);
  return (body) => {
    const validate = JSON.stringify(body).length <= TOLD_WHOLE_BYTES ? whole : first;
    if (validate(body)) return [];
    const problems = (validate.errors ?? []).map(({ instancePath, message = 'does not fit the schema', params }) => {
      const property = (params as { additionalProperty?: unknown }).additionalProperty;
      return { path: pathOf(instancePath), message: typeof property === 'string' ? `${message}: ${property}` : message };
    });
    validate.errors = null;
    return problems.slice(0, MOST_PROBLEMS);
  };
}

/** `/items/0/name` -> `body.items[0].name` */
function pathOf(pointer: string): string {
  const segments = pointer.split('/').slice(1);
  const names = segments.map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
  return `body${names.map((name) => (/^\d+$/.test(name) ? `[${name}]` : `.${name}`)).join('')}`;
}

function boundedFormats() {
  return Object.fromEntries(Object.entries(FORMATS).map(([name, fits]) => [name, (text: string) => text.length <= LONGEST && fits(text)]));
}

/** Patterns in linear time, whatever the body. The validator tells them apart by their texts. */
const LINEAR = Object.assign(
  (pattern: string) => {
    const compiled = compilePattern(pattern, true);
    return {
      test: (text: string) => !(compiled instanceof Unfit) && text.length <= LONGEST_MATCHED && compiled.test(text),
      toString: () => pattern,
    };
  },
  { code: 'undefined' },
);
