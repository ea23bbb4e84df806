import { Controller, Get, HttpCode, Param, Post, Req, Res, UseFilters } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { AutomationError } from '../../core/errors.js';
import { Deliveries } from '../../engine/hooks/deliveries.js';
import { ApiErrorModel, ApiPublicErrors } from '../admin/error.dto.js';
import { ErrorFilter } from '../error.filter.js';
import { ApiAcceptedResponse, ApiBody, ApiExcludeEndpoint, ApiHeader, ApiOperation, ApiParam, ApiTags } from '../openapi.js';
import { type HookCall, readDelivery } from './hook-request.js';
import { ReceivedDto } from './hooks.dto.js';

/**
 * Trigger URLs: no caller, no permission; the token is all. It is told nowhere, in no error and in no log.
 */
@Controller('hooks')
@ApiErrorModel()
@UseFilters(ErrorFilter)
@ApiTags('Trigger URLs')
export class HooksController {
  constructor(
    private readonly deliveries: Deliveries,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  @Post(':token')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Start a workflow, or move an instance of a machine, by its URL',
    description:
      'The delivery is captured before the answer. URLs that nobody has, that were replaced, or whose workflow or machine is paused or not published are answered the same, and so is a delivery that meets no instance: `GET events/:id` says why. With a header `Idempotency-Key` (or `webhook-id`) a repetition starts nothing a second time.',
  })
  @ApiParam({ name: 'token', description: 'From `rotate-token`.', example: 'Zk3vK0m1c0b1i9y4b2l0c2x6d3l5c0a7d8f9g1h2j3k' })
  @ApiHeader({ name: 'Idempotency-Key', required: false, example: 'order-4711' })
  @ApiBody({ schema: { type: 'object', additionalProperties: true, example: { email: 'nora@example.com' } } })
  @ApiAcceptedResponse({ type: ReceivedDto })
  @ApiPublicErrors(400, 401, 409, 413, 415, 429)
  async receive(@Param('token') token: string, @Req() request: HookCall): Promise<ReceivedDto> {
    await this.deliveries.take(readDelivery(token, request));
    return { received: true };
  }

  /** Previews of links, crawlers and people's browsers ask so: it does nothing, and tells nothing of the URL. HEAD comes here too. */
  @Get(':token')
  @ApiExcludeEndpoint()
  refuse(@Res({ passthrough: true }) response: unknown): never {
    this.adapterHost.httpAdapter.setHeader(response, 'Allow', 'POST');
    throw new AutomationError('method_not_allowed', 'A trigger URL takes POST alone.');
  }
}
