import { Controller, Get, HttpCode, Logger, Param, Post, Req, Res, UseFilters } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ApprovalByLink, type PageAnswer } from '../../admin/approval-by-link.js';
import { AutomationError } from '../../core/errors.js';
import { invalidRequest } from '../../core/json-shape.js';
import { toStorableJson } from '../../core/storable-json.js';
import { ErrorFilter } from '../error.filter.js';
import { errorBody, retryAfterOf } from '../error-body.js';
import { header } from '../http-request.js';
import { ApiBody, ApiOperation, ApiParam, ApiProduces, ApiTags } from '../openapi.js';
import { approvalPage, LONGEST_COMMENT, messagePage, PAGE_HEADERS, type Page } from './approval-page.js';
import { bytesOf } from './hook-body.js';
import type { HookCall } from './hook-request.js';

const TOKEN = { name: 'token', description: 'The last part of the link.', example: 'Zk3vK0m1c0b1i9y4b2l0c2x6d3l5c0a7d8f9g1h2j3k' };

/** Why there is nothing to decide any more, in the words of the page; `gone` is what browsers and mail scanners are told by the status. */
const GONE: ReadonlySet<string> = new Set(['task_finished', 'task_decided', 'link_over']);

/**
 * The links of approvals. No caller, no permission; the token says who it is. Opening a link decides nothing, whoever opens it:
 * mail scanners do. Only what the page sends decides.
 */
@Controller('approvals')
@UseFilters(ErrorFilter)
@ApiTags('Approval links')
export class ApprovalsController {
  private readonly logger = new Logger('AutomationApi');

  constructor(
    private readonly approvals: ApprovalByLink,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  @Get(':token')
  @ApiOperation({ summary: 'The page on which a person answers an approval', description: 'Decides nothing.' })
  @ApiParam(TOKEN)
  @ApiProduces('text/html')
  async open(@Param('token') token: string, @Res() response: unknown): Promise<void> {
    await this.answer(response, async () => approvalPage(token, await this.approvals.open(token)));
  }

  @Post(':token')
  @HttpCode(200)
  @ApiOperation({
    summary: 'What that page sends',
    description: 'The first answer that ends the approval counts; later ones are told so (410).',
  })
  @ApiParam(TOKEN)
  @ApiBody({
    schema: {
      type: 'object',
      properties: { nonce: { type: 'string' }, decision: { enum: ['approved', 'rejected'] }, comment: { type: 'string' } },
      required: ['nonce', 'decision'],
      example: { nonce: 'of the page', decision: 'approved', comment: 'Fine with me' },
    },
  })
  @ApiProduces('text/html')
  async decide(@Param('token') token: string, @Req() request: HookCall, @Res() response: unknown): Promise<void> {
    await this.answer(response, async () => {
      const answer = readAnswer(request);
      try {
        const { status } = await this.approvals.decide(token, answer);
        const said = answer.decision === 'approved' ? 'You have approved.' : 'You have rejected.';
        return messagePage(200, 'Thank you', status === 'open' ? `${said} Others are still asked.` : said);
      } catch (error) {
        // Something is missing: the page again, with what was written.
        if (!(error instanceof AutomationError) || error.code !== 'answers_invalid') throw error;
        const problem = error.problems?.map(({ message }) => message).join(' ') ?? error.message;
        return approvalPage(token, await this.approvals.open(token), problem, answer.comment ?? '');
      }
    });
  }

  private async answer(response: unknown, work: () => Promise<Page>): Promise<void> {
    const { httpAdapter } = this.adapterHost;
    let page: Page;
    try {
      page = await work();
    } catch (thrown) {
      const body = errorBody(thrown, this.logger);
      const retryAfter = retryAfterOf(thrown, body);
      if (retryAfter !== null) httpAdapter.setHeader(response, 'Retry-After', String(retryAfter));
      page = errorPage(body.code, body.statusCode, body.message);
    }
    for (const [name, value] of Object.entries(PAGE_HEADERS)) httpAdapter.setHeader(response, name, value);
    httpAdapter.reply(response, page.html, page.status);
  }
}

function errorPage(code: string, status: number, message: string): Page {
  if (GONE.has(code)) return messagePage(410, 'Nothing to decide any more', message);
  if (code === 'not_found' || code === 'task_not_found') {
    return messagePage(404, 'This link leads nowhere', 'It is incomplete, or what it was for is gone.');
  }
  return messagePage(status, 'This did not work', message);
}

/** Throws `unsupported_media_type` and `invalid_request`. */
function readAnswer(request: HookCall): PageAnswer {
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(header(request, 'content-type') ?? '')) {
    throw new AutomationError('unsupported_media_type', 'Answer on the page that the link opens.');
  }
  const bytes = bytesOf(request);
  const form = bytes === null ? formOf(request.body) : new URLSearchParams(bytes.toString('utf8'));
  const decision = form.get('decision');
  if (decision !== 'approved' && decision !== 'rejected') {
    throw invalidRequest([{ path: 'decision', message: 'must be approved or rejected' }]);
  }
  const comment = String(toStorableJson(form.get('comment') ?? '')).trim();
  if (comment.length > LONGEST_COMMENT)
    throw invalidRequest([{ path: 'comment', message: `has ${LONGEST_COMMENT} characters at the most` }]);
  return { nonce: form.get('nonce') ?? '', decision, comment: comment === '' ? null : comment };
}

/** What the host's own parser has made of it, where it was faster. */
function formOf(body: unknown): URLSearchParams {
  const members = typeof body === 'object' && body !== null ? Object.entries(body) : [];
  return new URLSearchParams(members.filter((member): member is [string, string] => typeof member[1] === 'string'));
}
