import { type INestApplication, Logger, type Type } from '@nestjs/common';
import { type ApplicationConfig, ModulesContainer } from '@nestjs/core';
import { AutomationError } from '../core/errors.js';
import { adminControllers } from './admin/index.js';
import { errorBody } from './error-body.js';
import { SWAGGER, type Swagger } from './openapi.js';

/** Where the API is mounted and described. */
export interface AutomationDocsOptions {
  /** The path under which the module is mounted. Default `automation`. */
  path?: string;
}

/**
 * Serves the OpenAPI description of the automation routes, and of nothing else of the application: a page at
 * `<path>/docs`, the JSON at `<path>/docs-json`. To be called before `app.listen()`. It asks for no credentials: it tells
 * what the API looks like, not what is in it. Works under a Content-Security-Policy that allows inline styles. Without
 * `@nestjs/swagger` both answer 501 and say what to install.
 */
export function setupAutomationDocs(app: INestApplication, options: AutomationDocsOptions = {}): void {
  const path = (options.path ?? 'automation').replace(/^\/+|\/+$/g, '');
  const swagger = app.get<Swagger | null>(SWAGGER, { strict: false });
  if (!swagger) {
    answerWithoutSwagger(app, path);
    return;
  }
  let document: ReturnType<typeof describeApi> | undefined;
  swagger.SwaggerModule.setup(`${path}/docs`, app, () => (document ??= describeApi(app, swagger)), {
    useGlobalPrefix: true,
    raw: ['json'],
    customSiteTitle: 'CRM automation API',
  });
}

/** The OpenAPI document of the automation routes. */
function describeApi(app: INestApplication, { DocumentBuilder, SwaggerModule }: Swagger) {
  const config = new DocumentBuilder()
    .setTitle('CRM automation')
    .setDescription('Workflows on CRM events: build, publish and pause them; read what ran and why, and retry it.')
    .setVersion('1')
    .addBearerAuth()
    .build();
  return SwaggerModule.createDocument(app, config, { include: modulesWithOurControllers(app) });
}

/** The document takes modules, not controllers: those that hold ours, wherever they were put. */
function modulesWithOurControllers(app: INestApplication): Type<unknown>[] {
  const ours = new Set<unknown>(adminControllers);
  return [...app.get(ModulesContainer, { strict: false }).values()]
    .filter((module) => [...module.controllers.values()].some((controller) => ours.has(controller.metatype)))
    .map((module) => module.metatype as Type<unknown>);
}

/** At both addresses: what is missing. */
function answerWithoutSwagger(app: INestApplication, path: string): void {
  const adapter = app.getHttpAdapter();
  const missing = new AutomationError('swagger_missing', 'The pages of this API are made by @nestjs/swagger, which is not installed.', {
    hint: 'Install it in the major version of your Nest, such as `npm install @nestjs/swagger@11` for Nest 11.',
  });
  const body = errorBody(missing, new Logger('AutomationApi'));
  // Where @nestjs/swagger finds the prefix too: Nest hands it out nowhere.
  const prefix = (app as unknown as { config: ApplicationConfig }).config.getGlobalPrefix().replace(/^\/+|\/+$/g, '');
  for (const page of ['docs', 'docs-json']) {
    adapter.get(`/${prefix === '' ? '' : `${prefix}/`}${path}/${page}`, (_request: unknown, response: unknown) =>
      adapter.reply(response, body, body.statusCode),
    );
  }
}
