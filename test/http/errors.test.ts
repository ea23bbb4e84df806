import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { BadRequestException, HttpException, UnauthorizedException } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import { ERROR_CODES, type ErrorCode } from '../../src/core/error-codes.js';
import { AutomationError, HostError } from '../../src/core/errors.js';
import { errorBody, retryAfterOf } from '../../src/http/error-body.js';
import { ParserErrors } from '../../src/http/parser-errors.js';

const logger = { error: jest.fn(), warn: jest.fn() };
const withState = (code: string): Error => Object.assign(new Error('the server said so'), { code });

describe('what the API answers to an error', () => {
  beforeEach(() => {
    logger.error.mockClear();
    logger.warn.mockClear();
  });

  it('is the code and its own status, for every code of the library', () => {
    const codes = Object.keys(ERROR_CODES) as ErrorCode[];
    expect(codes.length).toBeGreaterThan(100);
    for (const code of codes) {
      const body = errorBody(new AutomationError(code, 'What happened.', { hint: 'What to do.' }), logger);
      expect(body).toEqual({ statusCode: ERROR_CODES[code], code, message: 'What happened.', hint: 'What to do.' });
    }
  });

  it('tells the application’s log of errors that are its developers’ to mend, and of no others', () => {
    errorBody(new AutomationError('workflow_not_found', 'There is none.'), logger);
    expect(logger.error).not.toHaveBeenCalled();
    errorBody(new AutomationError('mail_not_configured', 'Mail is not set up.'), logger);
    expect(logger.error).toHaveBeenCalledTimes(1);
  });

  it('is a host’s own code as 422, or as 503 when it may pass', () => {
    expect(errorBody(new HostError('sms_refused', 'No.'), logger)).toEqual({ statusCode: 422, code: 'sms_refused', message: 'No.' });
    const passing = new HostError('sms_busy', 'Later.', { retry: { kind: 'transient', retryAfterMs: 4_200 } });
    const body = errorBody(passing, logger);
    expect(body).toEqual({ statusCode: 503, code: 'sms_busy', message: 'Later.' });
    expect(retryAfterOf(passing, body)).toBe(5);
  });

  it.each<[string, HttpException, object]>([
    ['a guard', new UnauthorizedException('No session.'), { statusCode: 401, code: 'unauthenticated', message: 'No session.' }],
    ['a throttler', new HttpException('Slow down.', 429), { statusCode: 429, code: 'too_many_requests', message: 'Slow down.' }],
    ['a status without a word of ours', new HttpException('Tea.', 418), { statusCode: 418, code: 'http_418', message: 'Tea.' }],
    [
      'a validating pipe',
      new BadRequestException(['name is short', 'code is long']),
      {
        statusCode: 400,
        code: 'invalid_request',
        message: 'The request is not valid.',
        problems: [
          { path: '', message: 'name is short' },
          { path: '', message: 'code is long' },
        ],
      },
    ],
  ])('is in our form, with its own status, what the host throws of its own: %s', (_, thrown, expected) => {
    expect(errorBody(thrown, logger)).toEqual(expected);
    expect(logger.error).not.toHaveBeenCalled();
  });

  it.each([
    ['a lock that was not to be had', '55P03', 'busy'],
    ['a deadlock', '40P01', 'busy'],
    ['a serialization failure', '40001', 'busy'],
    ['too many connections', '53300', 'busy'],
    ['a full disk', '53100', 'busy'],
    ['a statement that took too long', '57014', 'query_timed_out'],
    ['a server that shuts down', '57P01', 'database_unavailable'],
    ['a connection that is gone', '08006', 'database_unavailable'],
    ['a refused socket', 'ECONNREFUSED', 'database_unavailable'],
    ['a broken pipe', 'EPIPE', 'database_unavailable'],
  ])('is 503 with when to ask again for %s', (_, state, code) => {
    const thrown = withState(state);
    const body = errorBody(thrown, logger);
    expect(body).toMatchObject({ statusCode: 503, code });
    expect(retryAfterOf(thrown, body)).toBe(1);
  });

  it('is 503 for a pool that had no connection to give', () => {
    const thrown = new Error('timeout exceeded when trying to connect');
    expect(errorBody(thrown, logger)).toMatchObject({ statusCode: 503, code: 'database_unavailable' });
  });

  it('says nothing of what nobody foresaw, and when to ask again of none but 503', () => {
    const thrown = new Error('password=hunter2');
    const body = errorBody(thrown, logger);
    expect(body).toMatchObject({ statusCode: 500, code: 'internal_error' });
    expect(JSON.stringify(body)).not.toContain('hunter2');
    expect(retryAfterOf(thrown, body)).toBeNull();
  });

  it('stands in the log under its id, with its kind and its cause, when nobody foresaw it', () => {
    const thrown = new TypeError('no such thing', { cause: new Error('away') });
    const { details } = errorBody(thrown, logger);
    expect(logger.error).toHaveBeenCalledWith(
      `internal_error ${details?.id}: TypeError: no such thing (caused by Error: away)`,
      thrown.stack,
    );
    errorBody('a mere text', logger);
    expect(logger.error).toHaveBeenLastCalledWith(expect.stringMatching(/: a mere text$/), undefined);
  });
});

describe('an error before our code runs', () => {
  it('is the host’s own to answer, unless its parser says that the request is at fault', async () => {
    type Handler = (error: object, request: object, response: object, next: (error: unknown) => void) => void;
    const reply = jest.fn();
    const use = jest.fn<(handler: Handler) => void>();
    const access = { authenticate: jest.fn(async () => undefined) };
    const adapterHost = { httpAdapter: { getType: () => 'express', use, reply } };
    new ParserErrors(adapterHost as never, new ApplicationConfig(), access as never, {} as never, null).onModuleInit();
    const handle = use.mock.calls[0]?.[0] as Handler;
    const request = { url: '/automation/workflows', headers: { 'content-type': 'application/json' } };
    const next = jest.fn();
    for (const error of [new Error('a bug in a middleware'), Object.assign(new Error('away'), { status: 503 })]) {
      handle(error, request, {}, next);
      expect(next).toHaveBeenLastCalledWith(error);
    }
    expect(access.authenticate).not.toHaveBeenCalled();
    handle(Object.assign(new Error('too large'), { status: 413 }), request, {}, next);
    await new Promise((resolve) => setImmediate(resolve));
    expect(reply).toHaveBeenCalledWith({}, expect.objectContaining({ code: 'payload_too_large' }), 413);
  });
});
