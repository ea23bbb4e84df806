import { applyDecorators } from '@nestjs/common';
import { IsISO8601, IsNumber, IsOptional, IsString, Length, Matches, Max, Min, ValidateIf } from 'class-validator';

/** May be left out, but not null: the column has a default. */
export const MayBeLeftOut = (): PropertyDecorator => ValidateIf((_, value) => value !== undefined);

/** A text that says something. */
export const Text = (max = 200): PropertyDecorator => applyDecorators(IsString(), Length(1, max));

/** A text, or null. */
export const OptionalText = (max = 200): PropertyDecorator => applyDecorators(IsOptional(), IsString(), Length(1, max));

/** Not negative, at most two decimals, within what the column holds. */
export const Money = (): PropertyDecorator => applyDecorators(IsNumber({ maxDecimalPlaces: 2 }), Min(0), Max(999_999_999_999));

/** A calendar day: `2026-03-31`. ISO 8601 knows a year 0, Postgres does not. */
export const Day = (): PropertyDecorator =>
  applyDecorators(
    Matches(/^(?!0000)\d{4}-\d{2}-\d{2}$/, { message: '$property must be a date like 2026-03-31' }),
    IsISO8601({ strict: true }),
  );

/** A moment with its offset: `2026-03-31T09:00:00Z`. */
export const Moment = (): PropertyDecorator =>
  applyDecorators(
    Matches(/^(?!0000)\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/, {
      message: '$property must be a moment like 2026-03-31T09:00:00Z',
    }),
    IsISO8601({ strict: true }),
  );
