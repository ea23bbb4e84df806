import { applyDecorators } from '@nestjs/common';
import type { Problem } from '../../core/errors.js';
import type { JsonObject } from '../../core/json.js';
import type { ErrorBody } from '../error-body.js';
import { ApiExtraModels, ApiHeader, ApiProperty, ApiPropertyOptional, ApiResponse, getSchemaPath } from '../openapi.js';

/** One thing wrong with the input. */
export class ProblemDto implements Problem {
  @ApiProperty({ example: 'steps[1].branches[0].when.operator' })
  path!: string;

  @ApiProperty({ example: 'There is no operator "contains_some".' })
  message!: string;

  @ApiPropertyOptional({ example: 'Did you mean "contains_any"?', description: 'What may be meant, or what there is to choose from.' })
  hint?: string;
}

/** What every error looks like. */
class ErrorDto implements ErrorBody {
  @ApiProperty({ type: 'integer', example: 409 })
  statusCode!: number;

  @ApiProperty({ example: 'revision_conflict', description: 'Stable, for programs.' })
  code!: string;

  @ApiProperty({ example: 'Somebody has saved in between: the draft is at revision 4.' })
  message!: string;

  @ApiPropertyOptional({ example: 'Load it again and repeat your edit on top.' })
  hint?: string;

  @ApiPropertyOptional({ type: [ProblemDto] })
  problems?: ProblemDto[];

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, example: { revision: 4 } })
  details?: JsonObject;
}

const MEANINGS = {
  400: 'The request is not valid; `problems` says where.',
  401: 'No valid credentials.',
  402: 'The plan of the workspace does not give it; `details` says what is missing, and what is used.',
  403: 'The caller lacks the permission, or the application has no access policy.',
  404: 'There is none of this id in the workspace.',
  409: 'It does not fit the present state; `code` says why.',
  410: 'It is over: nothing waits for it any more.',
  413: 'The body is larger than 256 KB.',
  415: 'The body is not JSON in UTF-8.',
  422: 'The draft, or what is given to a start, has problems.',
  429: 'Too much came lately, or waits; `Retry-After` says when to come again.',
  503: 'The database is away or too busy; `Retry-After` says when to ask again.',
} as const;

/** The same for a route that takes requests of anybody. */
export function ApiPublicErrors(...statuses: (keyof typeof MEANINGS)[]): MethodDecorator {
  return answers([...statuses, 503]);
}

/** The errors of a route in the OpenAPI document; those that every route has are in it already. */
export function ApiErrors(...statuses: (keyof typeof MEANINGS)[]): MethodDecorator & ClassDecorator {
  return answers([...new Set([...statuses, 401, 403, 503] as const)].sort());
}

/** To stand at every controller whose routes have errors. */
export const ApiErrorModel = (): ClassDecorator => ApiExtraModels(ErrorDto);

/** Refers to the model instead of naming its class: swagger reads a class anew for each answer that has it. */
function answers(statuses: readonly (keyof typeof MEANINGS)[]): MethodDecorator & ClassDecorator {
  const schema = { $ref: getSchemaPath(ErrorDto) };
  return applyDecorators(...statuses.map((status) => ApiResponse({ status, schema, description: MEANINGS[status] })));
}

/** The answer of a route with an `ETag` to a client that has it already. */
export function ApiNotModified(): MethodDecorator {
  return applyDecorators(
    ApiHeader({ name: 'If-None-Match', required: false, description: 'The `ETag` of the answer that the client has.' }),
    ApiResponse({ status: 304, description: 'The client has it already.' }),
  );
}
