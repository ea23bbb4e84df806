import { describe, expect, it, jest } from '@jest/globals';
import { type ArgumentsHost, NotFoundException } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { QueryFailedError } from 'typeorm';
import { ErrorShapeFilter } from '../../src/demo/crm/error-shape.filter.js';

/** What the CRM's own API answers to a request that fails with this. */
function answerTo(error: unknown): { status: unknown; body: unknown } {
  const reply = jest.fn<(response: unknown, body: unknown, status: unknown) => void>();
  const adapter = { reply, isHeadersSent: () => false } as unknown as AbstractHttpAdapter;
  new ErrorShapeFilter(adapter).catch(error, { getArgByIndex: () => ({}) } as unknown as ArgumentsHost);
  const [, body, status] = reply.mock.calls[0] ?? [];
  return { status, body };
}

const withCode = (code: string): Error => Object.assign(new Error('x'), { code });

describe("the CRM's own API", () => {
  it.each<[string, unknown]>([
    ['refuses connections', withCode('ECONNREFUSED')],
    ['shuts down', new QueryFailedError('SELECT 1', [], withCode('57P01'))],
    ['has no connection left', withCode('53300')],
    ['breaks the connection off', new QueryFailedError('SELECT 1', [], new Error('Connection terminated unexpectedly'))],
  ])('answers 503 while the database %s', (_what, error) => {
    expect(answerTo(error)).toMatchObject({ status: 503, body: { statusCode: 503, code: 'database_unavailable' } });
  });

  it('gives a code to what Nest refuses on its own', () => {
    expect(answerTo(new NotFoundException('Cannot GET /x'))).toMatchObject({
      status: 404,
      body: { code: 'not_found', message: 'Cannot GET /x' },
    });
  });
});
