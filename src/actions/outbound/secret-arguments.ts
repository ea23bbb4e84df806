import type { Json, JsonObject } from '../../core/json.js';
import {
  claimsSecret,
  isSecretReference,
  REFERENCE_SCHEMA,
  referenceProblem,
  type SecretReference,
} from '../../core/secrets/secret-reference.js';
import type { ExternalStep } from '../action.js';
import { Rule } from '../rules.js';

/** Property decorator: a text, or a secret of the workspace. */
export function SecretOrText(): PropertyDecorator {
  const schema = { anyOf: [{ type: 'string', minLength: 1 }, REFERENCE_SCHEMA] };
  return Rule('isSecretOrText', schema, (value) => {
    if (typeof value === 'string') return value === '' ? 'should not be empty' : null;
    return referenceProblem(value as Json);
  });
}

/** Returns the value of an argument that may be a reference, about to be sent to `goesTo`. */
export async function revealed(
  value: string | SecretReference,
  goesTo: readonly string[],
  { secrets }: Pick<ExternalStep, 'secrets'>,
): Promise<string> {
  return typeof value === 'string' ? value : secrets.reveal(value, goesTo);
}

/** The same for headers: values that are no references stay as they are. */
export async function revealedHeaders(
  headers: JsonObject,
  goesTo: readonly string[],
  step: Pick<ExternalStep, 'secrets'>,
): Promise<JsonObject> {
  if (!Object.values(headers).some(isSecretReference)) return headers;
  const entries = Object.entries(headers).map(async ([name, value]) => [
    name,
    isSecretReference(value) ? await step.secrets.reveal(value, goesTo) : value,
  ]);
  return Object.fromEntries(await Promise.all(entries)) as JsonObject;
}

/** Headers as far as they can be checked before anything is revealed: in place of what is secret nothing. */
export function withoutSecrets(headers: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, claimsSecret(value) ? '' : value]));
}
