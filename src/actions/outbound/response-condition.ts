import { type CompiledCondition, compileCondition, conditionProblems } from '../../core/condition/condition.js';
import type { Condition } from '../../core/condition/tree.js';
import type { Problem } from '../../core/errors.js';
import { isJsonObject, type Json, type JsonObject } from '../../core/json.js';
import type { ExternalStep } from '../action.js';

/** What conditions may ask of an answer. */
export interface AskedResponse {
  status: number;
  headers: JsonObject;
  body: Json;
}

const ROOT = /^response\.(status|headers|body)(\.|$)/;
const NO_CATALOG = { modules: new Map(), actions: new Map() };

/**
 * What is wrong with a condition about an answer. It is an ordinary condition whose record is `{ response }`; what it is
 * compared with may be a template, which reads the run's variables.
 */
export function responseConditionProblems(condition: Json, path: string): Problem[] {
  const problems = conditionProblems(condition, path, { module: null, catalog: NO_CATALOG });
  return problems.length > 0 ? problems : foreignFields(condition, path);
}

/** Asks a condition about an answer. Its templates are rendered here and once: what they give is compared with, whatever it looks like. */
export function askResponse(
  condition: Condition,
  response: AskedResponse,
  { scope, now }: ExternalStep,
): ReturnType<CompiledCondition['explain']> {
  const subject = { ...scope, scope, record: { response: response as unknown as JsonObject }, now };
  return compileCondition(condition, null).explain(subject);
}

/** Other fields would be read from nowhere, and their tests never hold. */
function foreignFields(value: Json, path: string): Problem[] {
  if (Array.isArray(value)) return value.flatMap((one, index) => foreignFields(one, `${path}[${index}]`));
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([name, member = null]): Problem[] => {
    const here = `${path}.${name}`;
    if (name !== 'field' || typeof member !== 'string') return foreignFields(member, here);
    if (ROOT.test(member)) return [];
    return [
      {
        path: here,
        message: `Conditions about an answer read response.status, response.headers and response.body; write "{{${member}}}" to compare with "${member}"`,
      },
    ];
  });
}
