import type { Route } from '../../http/support/admin-app.js';

/** What we read of a JSON schema in the OpenAPI document. */
interface Schema {
  type?: string;
  nullable?: boolean;
  format?: string;
  enum?: string[];
  $ref?: string;
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  minimum?: number;
  example?: string;
}

interface Operation {
  parameters?: { name: string; in: string; schema?: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}

/** What we read of the OpenAPI document. */
export interface ApiDocument {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

function operation(document: ApiDocument, { method, path }: Route): Operation {
  const found = document.paths[path.replace(/:(\w+)/g, '{$1}')]?.[method];
  if (found === undefined) throw new Error(`${method} ${path} is not in the OpenAPI document`);
  return found;
}

function resolved(document: ApiDocument, schema: Schema | undefined): Schema {
  const reference = schema?.$ref ?? schema?.allOf?.[0]?.$ref;
  return reference === undefined ? (schema ?? {}) : (document.components.schemas[reference.split('/').at(-1) ?? ''] ?? {});
}

/** Every member of a route's body, those of its filter included. What a definition holds is the definition parser's matter. */
export function bodyFields(document: ApiDocument, route: Route): { path: string[]; schema: Schema }[] {
  const { properties = {} } = resolved(document, operation(document, route).requestBody?.content['application/json']?.schema);
  return Object.entries(properties).flatMap(([name, schema]) => {
    const own = resolved(document, schema);
    const inside = name === 'definition' ? {} : (own.properties ?? {});
    return [
      { path: [name], schema: { ...own, type: own.properties ? 'object' : own.type } },
      ...Object.entries(inside).map(([member, type]) => ({ path: [name, member], schema: type })),
    ];
  });
}

const SAMPLES: unknown[] = ['5', 'true', 5, 1.5, true, false, {}, { $ne: 1 }, [], ['start'], [1], null];

/** Values that are not of the schema's type, and would be if they were converted. */
export function unfitValues({ type, nullable = false, enum: values }: Schema): unknown[] {
  return SAMPLES.filter((value) => {
    if (value === null) return !nullable;
    if (Array.isArray(value)) return type !== 'array';
    if (type === 'integer') return !Number.isInteger(value);
    if (type === 'string' || values !== undefined) return typeof value !== 'string' || values !== undefined;
    return typeof value !== type;
  });
}

/** The parameters of a route's query, each with a value that it takes. */
export function queryParameters(document: ApiDocument, route: Route): { name: string; value: string }[] {
  return (operation(document, route).parameters ?? [])
    .filter((parameter) => parameter.in === 'query')
    .map(({ name, schema = {} }) => {
      const byFormat = { uuid: '019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11', 'date-time': '2025-01-01' }[schema.format ?? ''];
      return { name, value: byFormat ?? schema.enum?.[0] ?? schema.example ?? String(schema.minimum ?? 'x') };
    });
}
