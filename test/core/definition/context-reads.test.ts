import { describe, expect, it } from '@jest/globals';
import { contextWarnings } from '../../../src/core/definition/context-reads.js';
import { parseDefinition } from '../../../src/core/definition/parser.js';

const stop = (message: string, more: object = {}) => ({ id: 'stop', type: 'stop', message, ...more });

function told(definition: object, kept: string[] = []): string[] {
  const parsed = parseDefinition({ trigger: { type: 'manual' }, ...definition }, null);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return contextWarnings(parsed.definition, kept).map(({ path, code, message }) => `${path} ${code} ${message}`);
}

describe('what a definition reads of its context', () => {
  it('is warned of where nothing puts it there, each once for a step', () => {
    const branch = { id: 'b', type: 'branch', branches: [{ name: 'x', when: { field: 'context.a', operator: 'is_empty' }, steps: [] }] };
    expect(told({ steps: [branch, stop('{{context.a}} {{context.a.deep}} {{context.b}} {{a}}')] })).toEqual([
      'steps[0] context_not_written Nothing puts "a" into the context that it reads.',
      'steps[1] context_not_written Nothing puts "a" into the context that it reads.',
      'steps[1] context_not_written Nothing puts "b" into the context that it reads.',
    ]);
  });

  it('is there where a step puts it, for the run or for good, and where it was put before', () => {
    const puts = { id: 'p', type: 'note', with: {}, extract: { a: '{{output.x}}' }, extractToContext: { b: 1 } };
    expect(told({ steps: [puts, stop('{{context.a}} {{context.b}} {{context.c}}')] }, ['c'])).toEqual([]);
    expect(told({ steps: [stop('{{default name context}}')] })).toEqual([]);
  });

  it('is never there for the conditions of a start', () => {
    const conditions = { field: 'context.c', operator: 'is_empty' };
    expect(told({ conditions, steps: [stop('x')] }, ['c'])).toEqual([
      'conditions context_not_written Nothing puts "c" into the context that it reads.',
    ]);
  });
});
