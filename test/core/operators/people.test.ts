import { describe, expect, it } from '@jest/globals';
import type { Actor } from '../../../src/core/event.js';
import type { Json } from '../../../src/core/json.js';
import { answer, ask, EMPTY, MODULE, subjectOf } from './ask.js';

const SYSTEM: Actor = { type: 'system', id: null };

describe('operators of people', () => {
  it.each<[seen: Json | undefined, expected: boolean | string]>([
    ['u-1', true],
    ['U-1', false],
    ['u-2', false],
    [null, EMPTY],
    [undefined, EMPTY],
    [true, 'the field holds true or false, not the id of a user'],
    [['u-1'], 'the field holds a list, not the id of a user'],
  ])('a field with %j is the actor: %s', (seen, expected) => {
    expect(ask('text', seen, 'is_actor')).toBe(expected);
  });

  it('knows ids that are numbers on one side', () => {
    expect(ask('number', 7, 'is_actor', undefined, { actor: { type: 'user', id: '7' } })).toBe(true);
  });

  it('nobody is the system', () => {
    expect(ask('text', 'null', 'is_actor', undefined, { actor: SYSTEM })).toBe(false);
  });

  it.each<[owner: Json, seen: Json | undefined, expected: boolean | string]>([
    ['u-1', 'u-1', true],
    ['u-2', 'u-1', false],
    [7, '7', true],
    [null, 'u-1', false],
    [['u-1'], 'u-1', false],
    ['u-1', null, EMPTY],
    ['u-1', {}, 'the field holds an object, not the id of a user'],
  ])('of a record of %j, %j is the owner: %s', (owner, seen, expected) => {
    expect(answer({ field: 'json', operator: 'is_owner' }, subjectOf({ record: { json: seen, ownerId: owner } }))).toBe(expected);
  });

  it('the actor can be tested for being the owner', () => {
    expect(answer({ field: 'actor.id', operator: 'is_owner' }, subjectOf({ record: { ownerId: 'u-1' } }))).toBe(true);
    expect(answer({ field: 'actor.id', operator: 'is_owner' }, subjectOf({ record: {} }))).toBe(false);
  });

  it('the field of the owner need not be among those that are described', () => {
    const module = { ...MODULE, ownerField: 'responsible' };
    expect(answer({ field: 'text', operator: 'is_owner' }, subjectOf({ record: { text: 'u-1', responsible: 'u-1' } }), module)).toBe(true);
  });

  it('says when the owner cannot be known', () => {
    const test = { field: 'text', operator: 'is_owner' };
    const note = 'the module has no field that names the owner';
    expect(answer(test, subjectOf({ record: { text: 'u-1' } }), null)).toBe(note);
    expect(() => answer(test, subjectOf(), { ...MODULE, ownerField: undefined })).toThrow(/has no field that names the owner/);
  });

  it.each<[roles: string[] | undefined, expected: boolean]>([
    [['Sales', 'Manager'], true],
    [['Sales'], false],
    [[], false],
    [undefined, false],
  ])('an actor with the roles %j is a manager: %s', (roles, expected) => {
    for (const field of ['actor', 'actor.id', 'actor.roles'])
      expect(answer({ field, operator: 'has_role', value: 'manager' }, subjectOf({ actor: { type: 'user', id: 'u-1', roles } }))).toBe(
        expected,
      );
  });

  it('says when the role to look for is none', () => {
    expect(answer({ field: 'actor', operator: 'has_role', value: { field: 'context.role' } }, subjectOf({ context: { role: 5 } }))).toBe(
      'the value to compare with is a number, not a text',
    );
  });
});
