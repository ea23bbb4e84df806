import type { INestApplication, Type } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { adminControllers } from './admin/index.js';

/** Where the API is mounted and described. */
export interface AutomationDocsOptions {
  /** The path under which the module is mounted. Default `automation`. */
  path?: string;
}

/**
 * Serves the OpenAPI description of the automation routes, and of nothing else of the application: a page at
 * `<path>/docs`, the JSON at `<path>/docs-json`. To be called before `app.listen()`. It asks for no credentials: it tells
 * what the API looks like, not what is in it. Works under a Content-Security-Policy that allows inline styles.
 */
export function setupAutomationDocs(app: INestApplication, options: AutomationDocsOptions = {}): void {
  const path = (options.path ?? 'automation').replace(/^\/+|\/+$/g, '');
  let document: OpenAPIObject | undefined;
  SwaggerModule.setup(`${path}/docs`, app, () => (document ??= describeApi(app)), {
    useGlobalPrefix: true,
    raw: ['json'],
    customSiteTitle: 'CRM automation API',
  });
}

/** The OpenAPI document of the automation routes. */
function describeApi(app: INestApplication): OpenAPIObject {
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
