import { Controller, Get, Inject, Param, Req, Res, StreamableFile, type Type } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { consoleFiles } from './console-files.js';
import { type ConsoleOptions, checkConsoleOptions } from './console-options.js';
import { consoleHeaders, consolePage } from './console-page.js';
import { type HttpRequest, header } from './http-request.js';
import { ApiExcludeEndpoint } from './openapi.js';

/** Injection token of the {@link ConsoleOptions}. */
export const CONSOLE_OPTIONS = Symbol('CONSOLE_OPTIONS');

/** Served under a name that is the hash of what is in it. */
const FOR_EVER = 'public, max-age=31536000, immutable';
const NOT_BUILT = 'The console has not been built: npm run build.';

/**
 * The console: one page for all its addresses, and the files that it loads. For everybody alike, because it holds no data.
 * It answers by itself, so that no interceptor of the host's wraps what it says.
 */
@Controller('console')
class ConsoleController {
  constructor(
    @Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost,
    @Inject(CONSOLE_OPTIONS) private readonly options: ConsoleOptions,
  ) {}

  @Get('assets/:name')
  @ApiExcludeEndpoint()
  asset(@Param('name') name: string, @Req() request: HttpRequest, @Res() response: unknown): void {
    const asset = consoleFiles()?.assets.get(name);
    if (!asset) {
      // An old page may ask for a file of the release before: nobody is to keep that it is not there.
      this.answer(response, 404, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' }, 'There is no such file.');
      return;
    }
    const zipped = /\bgzip\b/.test(header(request, 'accept-encoding') ?? '');
    const headers = { 'Cache-Control': FOR_EVER, Vary: 'Accept-Encoding', ...(zipped && { 'Content-Encoding': 'gzip' }) };
    const body = zipped ? asset.gzip() : asset.plain;
    this.answer(response, 200, headers, new StreamableFile(body, { type: asset.type, length: body.length }));
  }

  @Get(['', ':a', ':a/:b', ':a/:b/:c'])
  @ApiExcludeEndpoint()
  page(@Param() segments: Record<string, string>, @Req() request: HttpRequest, @Res() response: unknown): void {
    const files = consoleFiles();
    if (!files) {
      this.answer(response, 404, { 'Content-Type': 'text/plain; charset=utf-8' }, NOT_BUILT);
      return;
    }
    const [path = ''] = (request.originalUrl ?? request.url).split('?', 1);
    const depth = ['a', 'b', 'c'].filter((name) => segments[name] !== undefined).length;
    const html = consolePage(files.html, { depth, endsWithSlash: path.endsWith('/') }, this.options);
    this.answer(response, 200, consoleHeaders(this.options), html);
  }

  private answer(response: unknown, status: number, headers: Record<string, string>, body: string | StreamableFile): void {
    const { httpAdapter } = this.adapterHost;
    for (const [name, value] of Object.entries({ 'X-Content-Type-Options': 'nosniff', ...headers }))
      httpAdapter.setHeader(response, name, value);
    httpAdapter.reply(response, body, status);
  }
}

/** Returns the controller as one application wants it: a class of its own, so that its decorators concern nobody else. */
export function consoleController(options: ConsoleOptions): Type<unknown> {
  checkConsoleOptions(options);
  class MountedConsole extends ConsoleController {}
  for (const decorate of options.decorators ?? []) decorate(MountedConsole);
  return MountedConsole;
}
