import type { Provider } from '@nestjs/common';
import { AccessGuard } from './access.guard.js';
import { ConditionalGet } from './conditional-get.js';
import { ErrorFilter } from './error.filter.js';
import { swaggerProvider } from './openapi.js';
import { ParserErrors } from './parser-errors.js';
import { HookUrls } from './public/hook-urls.js';
import { RequestShapeGuard } from './request-shape.guard.js';

export { ACCESS_POLICY } from './access.guard.js';
export { adminControllers } from './admin/index.js';
export { CONSOLE_OPTIONS, consoleController } from './console.controller.js';
export type { ConsoleOptions } from './console-options.js';
export { setupAutomationDocs } from './docs.js';
export { HTTP_PATH } from './http-path.js';
export { PUBLIC_URL } from './public/hook-urls.js';
export { publicControllers, publicProviders } from './public/index.js';

/**
 * What the controllers need beside the services: `WorkflowService`, `RunService`, `AutomationCatalog` and, under
 * `ACCESS_POLICY`, the host's policy. `HTTP_PATH` says where they are mounted when that is not `automation`.
 */
export const httpProviders: Provider[] = [
  AccessGuard,
  RequestShapeGuard,
  ErrorFilter,
  ConditionalGet,
  ParserErrors,
  HookUrls,
  swaggerProvider,
];
