import { Body, Get, HttpCode, Param, Post } from '@nestjs/common';
import { PreviewService } from '../../admin/preview-service.js';
import type { Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { ApiBody, ApiOkResponse, ApiOperation, ApiParam } from '../openapi.js';
import { type Checked, checked } from '../request-pipe.js';
import { AdminController } from './admin-controller.js';
import { ApiErrors } from './error.dto.js';
import { toSubject } from './preview-subject.dto.js';
import {
  EvaluateConditionsDto,
  EvaluationDto,
  MailPreviewDto,
  MailTemplateListDto,
  PreviewMailDto,
  RenderingDto,
  RenderTemplateDto,
} from './previews.dto.js';

const SAMPLE = { sample: {} };

@AdminController('conditions', 'Previews')
export class ConditionsController {
  constructor(private readonly previews: PreviewService) {}

  @Post('evaluate')
  @HttpCode(200)
  @RequirePermission('view')
  @ApiOperation({ summary: 'What conditions say of a record, an event or a sample, and why' })
  @ApiBody({ type: EvaluateConditionsDto })
  @ApiOkResponse({ type: EvaluationDto })
  @ApiErrors(400, 404, 413, 415, 422)
  evaluate(
    @Body(checked(EvaluateConditionsDto)) { module, conditions, subject }: Checked<EvaluateConditionsDto>,
    @CurrentCaller() caller: Caller,
  ): Promise<EvaluationDto> {
    return this.previews.evaluate({ module, conditions, subject: toSubject(subject) }, caller);
  }
}

@AdminController('templates', 'Previews')
export class TemplatesController {
  constructor(private readonly previews: PreviewService) {}

  @Post('render')
  @HttpCode(200)
  @RequirePermission('view')
  @ApiOperation({
    summary: 'What a text with expressions becomes, or why it cannot be rendered',
    description: 'As the first step of a run would see it. What is wrong with the text is part of the answer.',
  })
  @ApiBody({ type: RenderTemplateDto })
  @ApiOkResponse({ type: RenderingDto })
  @ApiErrors(400, 404, 413, 415, 422)
  render(@Body(checked(RenderTemplateDto)) body: Checked<RenderTemplateDto>, @CurrentCaller() caller: Caller): Promise<RenderingDto> {
    const { text, module, subject, escape: mode } = body;
    return this.previews.render({ text, module: module ?? null, subject: toSubject(subject ?? SAMPLE), escape: mode ?? 'none' }, caller);
  }
}

@AdminController('mail-templates', 'Previews')
export class MailTemplatesController {
  constructor(private readonly previews: PreviewService) {}

  @Get()
  @RequirePermission('view')
  @ApiOperation({ summary: 'The e-mail templates that steps can name' })
  @ApiOkResponse({ type: MailTemplateListDto })
  @ApiErrors()
  async list(): Promise<MailTemplateListDto> {
    return { items: await this.previews.mailTemplates() };
  }

  @Post(':name/preview')
  @HttpCode(200)
  @RequirePermission('view')
  @ApiOperation({ summary: 'A mail as its template makes it, as HTML and as text', description: 'Nothing is sent.' })
  @ApiParam({ name: 'name', example: 'welcome', description: 'A `/` in it is written `%2F`.' })
  @ApiBody({ type: PreviewMailDto })
  @ApiOkResponse({ type: MailPreviewDto })
  @ApiErrors(400, 404, 413, 415, 422)
  preview(
    @Param('name') name: string,
    @Body(checked(PreviewMailDto)) { module, subject, data }: Checked<PreviewMailDto>,
    @CurrentCaller() caller: Caller,
  ): Promise<MailPreviewDto> {
    return this.previews.mail(name, { module: module ?? null, subject: toSubject(subject ?? SAMPLE), data: data ?? {} }, caller);
  }
}
