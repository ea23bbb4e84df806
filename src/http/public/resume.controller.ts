import { Controller, Get, HttpCode, Param, Post, Req, Res, UseFilters } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { AutomationError } from '../../core/errors.js';
import { Resumptions } from '../../engine/waits/resumptions.js';
import { ApiErrorModel, ApiPublicErrors } from '../admin/error.dto.js';
import { ErrorFilter } from '../error.filter.js';
import { ApiAcceptedResponse, ApiBody, ApiExcludeEndpoint, ApiOperation, ApiParam, ApiTags } from '../openapi.js';
import { type HookCall, readDelivery } from './hook-request.js';
import { ReceivedDto } from './hooks.dto.js';

/**
 * Resume URLs: one for each step that waits for a call. No caller, no permission; the token is all. It is told nowhere, in no
 * error and in no log.
 */
@Controller('resume')
@ApiErrorModel()
@UseFilters(ErrorFilter)
@ApiTags('Resume URLs')
export class ResumeController {
  constructor(
    private readonly resumptions: Resumptions,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  @Post(':token')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Answer a step that waits for a call, by its one-time URL',
    description:
      'Body, query and the headers that the step names become its output. They are durably taken before the answer, also when the run has not come to the step yet. URLs that nobody has are answered like those that were taken.',
  })
  @ApiParam({
    name: 'token',
    description: 'The last part of `steps.<id>.resumeUrl`.',
    example: 'Zk3vK0m1c0b1i9y4b2l0c2x6d3l5c0a7d8f9g1h2j3k',
  })
  @ApiBody({ schema: { type: 'object', additionalProperties: true, example: { approved: true } } })
  @ApiAcceptedResponse({ type: ReceivedDto })
  @ApiPublicErrors(400, 409, 410, 413, 415, 429)
  async receive(@Param('token') token: string, @Req() request: HookCall): Promise<ReceivedDto> {
    await this.resumptions.take(readDelivery(token, request));
    return { received: true };
  }

  /** Previews of links, crawlers and people's browsers ask so: it does nothing, and tells nothing of the URL. HEAD comes here too. */
  @Get(':token')
  @ApiExcludeEndpoint()
  refuse(@Res({ passthrough: true }) response: unknown): never {
    this.adapterHost.httpAdapter.setHeader(response, 'Allow', 'POST');
    throw new AutomationError('method_not_allowed', 'A resume URL takes POST alone.');
  }
}
