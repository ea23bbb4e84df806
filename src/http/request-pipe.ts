import type { PipeTransform } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, type ValidationError, validateSync } from 'class-validator';
import type { Problem } from '../core/errors.js';
import { isJsonObject, type JsonObject } from '../core/json.js';
import { invalidRequest } from '../core/json-shape.js';
import { didYouMean } from '../core/nearest.js';
import { tellRules } from './late-rules.js';

/**
 * A checked body or query. The alias keeps the class out of the emitted parameter types: a global ValidationPipe of the
 * host, which may strip unknown fields or convert types, then leaves our parameters alone.
 */
export type Checked<Dto> = Dto;

/** Of more, nobody reads each; a body of 256 KB holds thousands of unknown members, whose nearest names took seconds to find. */
const MOST_PROBLEMS = 100;

class RequestPipe<Dto extends object> implements PipeTransform<unknown, Dto> {
  constructor(private readonly type: new () => Dto) {}

  transform(value: unknown): Dto {
    tellRules();
    const plain = objectOrNothing(value);
    const instance = plainToInstance(this.type, plain, { enableImplicitConversion: false });
    // plainToInstance leaves out members named like methods of every object (`toString`): they are unknown fields too.
    const dropped = Object.keys(plain).filter((key) => !Object.hasOwn(instance, key));
    const errors = validateSync(instance, { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: true });
    if (dropped.length > 0 || errors.length > 0) throw invalidRequest(firstProblems(dropped, errors, instance));
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
    const members = Object.keys(objectOrNothing(value)).slice(0, MOST_PROBLEMS);
    const problems = members.map((key) => ({
      path: key,
      message: `${key} is not known here: this takes no body`,
    }));
    if (problems.length > 0) throw invalidRequest(problems);
    return undefined;
  },
};

/** A pipe that turns a body or a query into the DTO; `invalid_request` with its problems, a hundred at the most, when it does not fit. */
export function checked<Dto extends object>(type: new () => Dto): PipeTransform<unknown, Dto> {
  return new RequestPipe(type);
}

function firstProblems(dropped: readonly string[], errors: readonly ValidationError[], instance: object): Problem[] {
  const problems: Problem[] = dropped.slice(0, MOST_PROBLEMS).map((key) => ({ path: key, message: unknownMember(key, instance) }));
  for (const error of errors) addProblems(problems, error, '');
  return problems.slice(0, MOST_PROBLEMS);
}

/** Looks no further once there are enough. */
function addProblems(problems: Problem[], error: ValidationError, parent: string): void {
  if (problems.length >= MOST_PROBLEMS) return;
  const path = parent === '' ? error.property : `${parent}.${error.property}`;
  const own = [...new Set(messagesOf(error))].map((message) => ({ path, message }));
  problems.push(...own);
  // Where the whole is of another kind, each of its parts is too: that is told once.
  const parts = (error.children ?? []).filter(({ constraints }) => own.length === 0 || constraints?.nestedValidation === undefined);
  for (const part of parts) addProblems(problems, part, path);
}

/** How class-validator lists what a value may be. */
const LISTED = /must be one of the following values: (.+)$/;

/** What is wrong with one member: one sentence where it is missing or nobody knows it, whatever else its rules say. */
function messagesOf({ property, value, target, constraints = {}, contexts = {} }: ValidationError): string[] {
  if ('whitelistValidation' in constraints) return [unknownMember(property, target ?? {})];
  const messages = Object.values(constraints);
  if (value === undefined && messages.length > 0) {
    // A message of our own says what is asked for instead.
    const own = messages.find((message) => !message.startsWith(`${property} `) && !message.startsWith('each '));
    const asked = Object.values(contexts as Record<string, { missing?: string }>).find(({ missing }) => missing !== undefined)?.missing;
    const wanted = asked ?? messages.flatMap((message) => LISTED.exec(message)?.[0] ?? [])[0];
    return [own ?? `${property} is missing${wanted === undefined ? '' : `: ${wanted}`}`];
  }
  return messages.map((message) => message + meant(message, value));
}

/** A name that is near to the value, where the message lists what the value may be. */
function meant(message: string, value: unknown): string {
  const values = LISTED.exec(message)?.[1]?.split(', ') ?? [];
  const odd = [value].flat().find((one) => typeof one === 'string' && !values.includes(one));
  return typeof odd === 'string' ? didYouMean(odd, values).replace(/^ /, '. ') : '';
}

/** By DTO: decorators are read once, also for a query of a thousand unknown parameters. */
const KNOWN_MEMBERS = new WeakMap<object, readonly string[]>();

function knownMembers(type: new () => object): readonly string[] {
  const found = KNOWN_MEMBERS.get(type);
  if (found !== undefined) return found;
  const all = getMetadataStorage().getTargetValidationMetadatas(type, '', true, false);
  const known = [...new Set(all.map(({ propertyName }) => propertyName))];
  KNOWN_MEMBERS.set(type, known);
  return known;
}

function unknownMember(name: string, dto: object): string {
  const known = knownMembers(dto.constructor as new () => object);
  return `${name} is not known here.${didYouMean(name, known)} Known are: ${known.join(', ')}`;
}
