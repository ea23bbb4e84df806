import type { PipeTransform } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { type ValidationError, validateSync } from 'class-validator';
import type { Problem } from '../core/errors.js';
import { isJsonObject, type JsonObject } from '../core/json.js';
import { invalidRequest } from '../core/json-shape.js';

/**
 * A checked body or query. The alias keeps the class out of the emitted parameter types: a global ValidationPipe of the
 * host, which may strip unknown fields or convert types, then leaves our parameters alone.
 */
export type Checked<Dto> = Dto;

class RequestPipe<Dto extends object> implements PipeTransform<unknown, Dto> {
  constructor(private readonly type: new () => Dto) {}

  transform(value: unknown): Dto {
    const plain = objectOrNothing(value);
    const instance = plainToInstance(this.type, plain, { enableImplicitConversion: false });
    // plainToInstance leaves out members named like methods of every object (`toString`): they are unknown fields too.
    const dropped = Object.keys(plain).filter((key) => !Object.hasOwn(instance, key));
    const problems = dropped.map((key) => ({ path: key, message: `property ${key} should not exist` }));
    problems.push(
      ...validateSync(instance, { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: true }).flatMap((error) =>
        toProblems(error, ''),
      ),
    );
    if (problems.length > 0) throw invalidRequest(problems);
    return instance;
  }
}

function objectOrNothing(value: unknown): JsonObject {
  const plain = value ?? {};
  if (!isJsonObject(plain)) throw invalidRequest([{ path: 'body', message: 'The body must be a JSON object.' }]);
  return plain;
}

/** For routes whose body carries nothing: `{}`, or none at all. */
export const NOTHING: PipeTransform<unknown, undefined> = {
  transform(value) {
    const problems = Object.keys(objectOrNothing(value)).map((key) => ({ path: key, message: `property ${key} should not exist` }));
    if (problems.length > 0) throw invalidRequest(problems);
    return undefined;
  },
};

/** A pipe that turns a body or a query into the DTO; `invalid_request` with every problem when it does not fit. */
export function checked<Dto extends object>(type: new () => Dto): PipeTransform<unknown, Dto> {
  return new RequestPipe(type);
}

function toProblems(error: ValidationError, parent: string): Problem[] {
  const path = parent === '' ? error.property : `${parent}.${error.property}`;
  const own = Object.values(error.constraints ?? {}).map((message) => ({ path, message }));
  return [...own, ...(error.children ?? []).flatMap((child) => toProblems(child, path))];
}
