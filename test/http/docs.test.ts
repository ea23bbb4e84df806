import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApiProperty, SWAGGER, type Swagger } from '../../src/http/openapi.js';
import { type AdminApp, registeredRoutes, startAdminApp } from './support/admin-app.js';

interface Operation {
  summary?: string;
  security?: unknown[];
  parameters?: { name: string; in: string; required?: boolean; example?: unknown; schema?: { example?: unknown } }[];
  requestBody?: { content: Record<string, { schema: { $ref?: string } }> };
  responses: Record<string, { description?: string; content?: Record<string, { schema: { $ref?: string; oneOf?: { $ref: string }[] } }> }>;
}

describe('the OpenAPI document', () => {
  let admin: AdminApp;
  let document: {
    paths: Record<string, Record<string, Operation>>;
    components: { schemas: Record<string, { properties?: Record<string, object> }> };
  };
  beforeAll(async () => {
    admin = await startAdminApp({ docs: true });
    document = (await admin.call('get', '/automation/docs-json', '').expect(200)).body;
  });
  afterAll(() => admin?.close());

  it('is served with its page, which loads its scripts from files', async () => {
    const page = await admin.call('get', '/automation/docs', '').expect(200);
    expect(page.text).toContain('swagger-ui');
    expect(page.text).not.toMatch(/<script>|<script(?![^>]*src=)/);
  });

  it('describes every route of the API and nothing else', () => {
    const described = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
    );
    expect(described.sort()).toEqual(
      registeredRoutes()
        .map(({ method, path }) => `${method} ${path}`)
        .sort(),
    );
  });

  it('has a summary, bearer authentication, a schema of the answer and of each error for every route', () => {
    for (const [path, item] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(item)) {
        expect([method, path, operation.summary]).toEqual([method, path, expect.any(String)]);
        expect(operation.security).toEqual([{ bearer: [] }]);
        const ok = operation.responses['200'] ?? operation.responses['201'] ?? operation.responses['202'];
        const schema = ok?.content?.['application/json']?.schema;
        for (const one of method === 'delete' ? [] : (schema?.oneOf ?? [schema])) expect(one?.$ref).toMatch(/Dto$/);
        for (const status of ['401', '403', '503']) {
          expect(operation.responses[status]?.content?.['application/json']?.schema.$ref).toBe('#/components/schemas/ErrorDto');
        }
        const responses = Object.entries(operation.responses);
        expect(responses.length).toBeGreaterThan(3);
        for (const [status, { description }] of responses.filter(([status]) => Number(status) >= 400)) {
          expect([method, path, status, description]).toEqual([method, path, status, expect.stringMatching(/\w/)]);
        }
      }
    }
  });

  it('describes bodies and queries with their fields and bounds', () => {
    const create = document.paths['/automation/workflows']?.post;
    expect(create?.requestBody?.content['application/json']?.schema.$ref).toBe('#/components/schemas/CreateWorkflowDto');
    expect(Object.keys(document.components.schemas.CreateWorkflowDto?.properties ?? {})).toEqual([
      'code',
      'name',
      'description',
      'definition',
    ]);
    const list = document.paths['/automation/workflows']?.get?.parameters ?? [];
    expect(list.map((parameter) => parameter.name)).toEqual(
      expect.arrayContaining(['status', 'module', 'event', 'search', 'sort', 'page', 'limit']),
    );
    expect(list.find((parameter) => parameter.name === 'limit')?.schema).toMatchObject({ type: 'integer', maximum: 100 });
    const runs = document.paths['/automation/runs']?.get?.parameters ?? [];
    expect(runs.map((parameter) => parameter.name)).toEqual(
      expect.arrayContaining(['workflowId', 'status', 'module', 'recordId', 'reason', 'from', 'to', 'cursor', 'limit']),
    );
  });

  it('gives examples, and refers to nothing that it does not hold', () => {
    const text = JSON.stringify(document);
    for (const [, name] of text.matchAll(/#\/components\/schemas\/(\w+)/g)) expect(document.components.schemas[name ?? '']).toBeDefined();
    expect(document.components.schemas.RunItemDto?.properties?.status).toMatchObject({
      example: 'failed',
      enum: expect.arrayContaining(['queued']),
    });
    expect(text).toContain('"Web Form"');
    // Those that may be left out have none where it is an id: the page would fill it in, and find nothing.
    const without = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.values(item).flatMap(({ parameters = [] }) =>
        parameters
          .filter(({ in: where, required, example, schema }) => where === 'query' && required && (example ?? schema?.example) === undefined)
          .map(({ name }) => `${path}?${name}`),
      ),
    );
    expect(without).toEqual([]);
  });
});

it('is what the package hears of our classes for, whoever makes it, and not before', async () => {
  class Late {}
  ApiProperty({ example: 1 })(Late.prototype, 'a');
  const told = () => Reflect.getMetadata('swagger/apiModelPropertiesArray', Late.prototype);
  const admin = await startAdminApp();
  expect(told()).toBeUndefined();
  const { SwaggerModule, DocumentBuilder } = admin.app.get<Swagger>(SWAGGER);
  const { paths } = SwaggerModule.createDocument(admin.app, new DocumentBuilder().build());
  expect(told()).toEqual([':a']);
  expect(Object.keys(paths)).toContain('/automation/workflows');
  await admin.close();
});

describe('without @nestjs/swagger', () => {
  let admin: AdminApp;
  beforeAll(async () => {
    admin = await startAdminApp({ docs: true, swagger: null, prepare: (app) => app.setGlobalPrefix('api') });
  });
  afterAll(() => admin?.close());

  it.each(['docs', 'docs-json'])('says at %s what to install, under the prefix of the application', async (page) => {
    const { body } = await admin.call('get', `/api/automation/${page}`, '').expect(501);
    expect(body).toMatchObject({
      statusCode: 501,
      code: 'swagger_missing',
      hint: expect.stringContaining('npm install @nestjs/swagger@11'),
    });
  });

  it('serves the API', async () => {
    await admin.call('get', '/api/automation/workflows').expect(200);
  });
});
