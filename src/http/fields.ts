import { applyDecorators, type PipeTransform } from '@nestjs/common';
import type { ApiQueryOptions } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  IsArray,
  IsInt,
  IsISO8601,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  registerDecorator,
  ValidateIf,
} from 'class-validator';
import { ApiQuery } from './openapi.js';

// Decorators for the fields of DTOs, so that a kind of field is checked in one way everywhere.

/** A member that may be left out, but is not null when it is there. */
export function IfGiven(): PropertyDecorator {
  return ValidateIf((_, value) => value !== undefined) as PropertyDecorator;
}

/** A text of a query or body that may be left out. */
export function OptionalText(maxLength: number): PropertyDecorator {
  return applyDecorators(IfGiven(), IsString(), Length(1, maxLength)) as PropertyDecorator;
}

/** A text that may be left out, null or empty. */
export function OptionalNote(maxLength: number): PropertyDecorator {
  return applyDecorators(IsOptional(), IsString(), MaxLength(maxLength)) as PropertyDecorator;
}

/** A query's whole number: digits only; `1e3`, ` 5` and `0x10` are refused, and so is whatever is out of bounds. */
export function QueryInteger(min: number, max: number): PropertyDecorator {
  const toNumber = ({ value }: { value: unknown }): unknown =>
    typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
  return applyDecorators(IfGiven(), Transform(toNumber), WholeNumber(min, max)) as PropertyDecorator;
}

/** A whole number within bounds; whatever is wrong with it is told in one sentence. `missing` says what to do when it is not there. */
export function WholeNumber(min: number, max: number, missing?: string): PropertyDecorator {
  const rule = { message: `$property must be a whole number from ${min} to ${max}`, context: { missing } };
  return applyDecorators(IsInt(rule), Min(min, rule), Max(max, rule)) as PropertyDecorator;
}

/** A query's list of texts, separated by commas: a parameter that stands there twice is refused, as everywhere. */
export function QueryList(most: number): PropertyDecorator {
  const toList = ({ value }: { value: unknown }): unknown => (typeof value === 'string' ? value.split(',') : null);
  return applyDecorators(
    IfGiven(),
    Transform(toList),
    IsArray({ message: '$property must be texts separated by commas' }),
    ArrayMaxSize(most),
    Length(1, 200, { each: true }),
  ) as PropertyDecorator;
}

/** A text that has to be there unless the other member is. */
export function RequiredWithout(other: string): PropertyDecorator {
  const isNeeded = (dto: object, value: unknown): boolean => value !== undefined || (dto as Record<string, unknown>)[other] === undefined;
  const message = `give $property, or ${other}`;
  return applyDecorators(ValidateIf(isNeeded), IsString({ message }), Length(1, 200), Matches(/\S/, { message })) as PropertyDecorator;
}

/** A moment: an ISO 8601 date (its start in UTC) or date-time with its offset, in the years 1970 to 9999, which every part of the stack can hold. */
export function Moment(): PropertyDecorator {
  return applyDecorators(IfGiven(), IsISO8601({ strict: true, strictSeparator: true }), IsRepresentable()) as PropertyDecorator;
}

function IsRepresentable(): PropertyDecorator {
  return (target, property) =>
    registerDecorator({
      name: 'isRepresentable',
      target: target.constructor,
      propertyName: String(property),
      validator: {
        validate: (value: unknown) => {
          // A date-time without an offset would mean another moment on each server.
          const complete = typeof value === 'string' && /^\d{4}-\d{2}-\d{2}(T.+(Z|[+-]\d{2}(:?\d{2})?))?$/.test(value);
          const ms = complete ? Date.parse(value) : Number.NaN;
          return ms >= 0 && ms < Date.UTC(10_000, 0);
        },
        defaultMessage: () => `${String(property)} must be a date, or a date-time with its offset, in the years 1970 to 9999`,
      },
    });
}

/** The id of the last item seen. */
export function Cursor(): PropertyDecorator {
  return applyDecorators(
    IfGiven(),
    IsUUID(undefined, { message: 'cursor must be the nextCursor of an earlier page' }),
  ) as PropertyDecorator;
}

/** Values of a query, divided by commas: `failed,cancelled`. What is given twice or otherwise is no text, and refused. */
export function CommaList(most: number): PropertyDecorator {
  const split = ({ value }: { value: unknown }): unknown => (typeof value === 'string' ? value.split(',') : { refused: value });
  return applyDecorators(IfGiven(), Transform(split), IsArray(), ArrayMaxSize(most)) as PropertyDecorator;
}

/** An id of ours. In capitals it is the same UUID, as Postgres has it: what compares texts gets small letters. */
export function OwnId(): PropertyDecorator {
  return applyDecorators(Transform(inSmallLetters), IsUUID()) as PropertyDecorator;
}

/** Several such ids. */
export function OwnIds(): PropertyDecorator {
  return applyDecorators(Transform(inSmallLetters), IsUUID(undefined, { each: true })) as PropertyDecorator;
}

/** The same for an id in a path; what is none is not found. */
export const ownId: PipeTransform<string, string> = { transform: (id) => id.toLowerCase() };

function inSmallLetters({ value }: { value: unknown }): unknown {
  if (Array.isArray(value)) return value.map((one) => inSmallLetters({ value: one }));
  return typeof value === 'string' ? value.toLowerCase() : value;
}

/** A list of ids in a body. */
export function IdList(most: number): PropertyDecorator {
  return applyDecorators(IfGiven(), IsArray(), ArrayNotEmpty(), ArrayMaxSize(most), OwnIds()) as PropertyDecorator;
}

/** Keeps the member exactly as it was sent: class-transformer's copy leaves out members named like methods of every object. */
export function AsSent(): PropertyDecorator {
  return Transform(({ obj, key }: { obj: Record<string, unknown>; key: string }) => obj[key]);
}

/** Parameters of a query for the OpenAPI document, by name. */
export type QueryParameters = Record<
  string,
  {
    type?: typeof String;
    required?: true;
    enum?: string[];
    schema?: Record<string, unknown>;
    explode?: false;
    description?: string;
    example?: string;
  }
>;

/** The description of a {@link CommaList} in the OpenAPI document. */
export function commaList(items: object, example: string, description: string): QueryParameters[string] {
  return { schema: { type: 'array', items, example: [example] }, explode: false, description };
}

/** Describes the parameters of a query in the OpenAPI document. */
export function DescribeQuery(parameters: QueryParameters): MethodDecorator {
  return applyDecorators(
    ...Object.entries(parameters).map(([name, options]) => ApiQuery({ name, required: false, ...options } as ApiQueryOptions)),
  );
}
