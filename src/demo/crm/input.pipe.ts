import { type ArgumentMetadata, Injectable, type PipeTransform, type Type, ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import type { Problem } from '../../index.js';
import { crmError, invalidInput } from './crm-error.js';

const MAX_DEPTH = 5;
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** Validates a body or query against a class: nothing unknown, nothing converted on the quiet. */
export class InputPipe extends ValidationPipe {
  constructor(expectedType: Type) {
    super({
      expectedType,
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
      exceptionFactory: (errors) => invalidInput(errors.flatMap((error) => problemsOf(error, ''))),
    });
  }

  override transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    // Before class-transformer walks it: very deep input would overflow its recursion.
    const problem = storageProblem(value, '', 0);
    if (problem !== null) throw invalidInput([problem]);
    if (value !== undefined && (typeof value !== 'object' || value === null || Array.isArray(value))) {
      throw invalidInput([{ path: '', message: 'must be an object' }]);
    }
    return super.transform(value ?? {}, metadata);
  }
}

/** The id in a path. What is no UUID names no record. */
@Injectable()
export class RecordIdPipe implements PipeTransform<string, string> {
  transform(value: string): string {
    if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)) return value;
    throw crmError(404, 'not_found', 'There is no such record.');
  }
}

/** What cannot be kept or must not be read: Postgres keeps neither U+0000 nor half a surrogate pair in a text, and such keys reach into objects. */
function storageProblem(value: unknown, path: string, depth: number): Problem | null {
  if (typeof value === 'string') {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the control character is what is looked for
    return /\u0000|\p{Surrogate}/u.test(value) ? { path, message: 'holds characters that cannot be stored' } : null;
  }
  if (typeof value !== 'object' || value === null) return null;
  if (depth >= MAX_DEPTH) return { path, message: 'is nested too deep' };
  for (const [key, member] of Object.entries(value)) {
    const at = path === '' ? key : `${path}.${key}`;
    if (FORBIDDEN_KEYS.has(key)) return { path: at, message: 'is no name of a field' };
    const problem = storageProblem(member, at, depth + 1);
    if (problem !== null) return problem;
  }
  return null;
}

function problemsOf(error: ValidationError, parent: string): Problem[] {
  const path = parent === '' ? error.property : `${parent}.${error.property}`;
  const own = Object.values(error.constraints ?? {}).map((message) => ({ path, message }));
  return [...own, ...(error.children ?? []).flatMap((child) => problemsOf(child, path))];
}
