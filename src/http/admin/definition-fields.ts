import { applyDecorators } from '@nestjs/common';
import { IsOptional, IsString, Length, Matches, MaxLength } from 'class-validator';
import { LONGEST_DESCRIPTION, LONGEST_NAME, WORKFLOW_CODE, WORKFLOW_CODE_RULE } from '../../core/definition/workflow-file.js';
import { IfGiven } from '../fields.js';
import { ApiProperty, ApiPropertyOptional } from '../openapi.js';

// How workflows and state machines are called and described, in the bodies that make, change and copy them.

/** What the OpenAPI document says of a field there. */
interface About {
  example: string;
  description?: string;
}

/** A code that may be left out. */
export function OptionalCode(about: About): PropertyDecorator {
  return all(
    ApiPropertyOptional({ pattern: WORKFLOW_CODE.source, ...about }),
    IfGiven(),
    IsString(),
    Matches(WORKFLOW_CODE, { message: WORKFLOW_CODE_RULE }),
  );
}

/** A name that has to be there. */
export function RequiredName(about: About): PropertyDecorator {
  return all(ApiProperty({ minLength: 1, maxLength: LONGEST_NAME, ...about }), ...A_NAME);
}

/** A name that may be left out. */
export function OptionalName(about: About): PropertyDecorator {
  return all(ApiPropertyOptional({ minLength: 1, maxLength: LONGEST_NAME, ...about }), IfGiven(), ...A_NAME);
}

/** A description that may be left out, or be none. */
export function OptionalDescription(about: About): PropertyDecorator {
  return all(
    ApiPropertyOptional({ type: String, nullable: true, maxLength: LONGEST_DESCRIPTION, ...about }),
    IsOptional(),
    IsString(),
    MaxLength(LONGEST_DESCRIPTION),
  );
}

const A_NAME = [IsString(), Length(1, LONGEST_NAME), Matches(/\S/, { message: 'name must not be blank' })];

function all(...decorators: PropertyDecorator[]): PropertyDecorator {
  return applyDecorators(...decorators) as PropertyDecorator;
}
