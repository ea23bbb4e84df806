import type { Provider } from '@nestjs/common';
import { ifInstalled } from '../host/optional-package.js';
import { tellRules } from './late-rules.js';

// The decorators of @nestjs/swagger as our DTOs and controllers use them. The package is the host's choice, so they only
// note what they are told; it is handed on when a document is made, if the package is there.

/** The package @nestjs/swagger. */
export type Swagger = typeof import('@nestjs/swagger');

/** Injection token of {@link Swagger}; null where the host has not installed it. */
export const SWAGGER = Symbol('SWAGGER');

/** What the decorators were told, in their order. Emptied when it is handed on: classes are described once a process. */
const notes: ((swagger: Swagger) => void)[] = [];

export const ApiAcceptedResponse = noted('ApiAcceptedResponse');
export const ApiBearerAuth = noted('ApiBearerAuth');
export const ApiBody = noted('ApiBody');
export const ApiCreatedResponse = noted('ApiCreatedResponse');
export const ApiExcludeEndpoint = noted('ApiExcludeEndpoint');
export const ApiExtraModels = noted('ApiExtraModels');
export const ApiHeader = noted('ApiHeader');
export const ApiNoContentResponse = noted('ApiNoContentResponse');
export const ApiOkResponse = noted('ApiOkResponse');
export const ApiOperation = noted('ApiOperation');
export const ApiParam = noted('ApiParam');
export const ApiProduces = noted('ApiProduces');
export const ApiProperty = noted('ApiProperty');
export const ApiPropertyOptional = noted('ApiPropertyOptional');
export const ApiQuery = noted('ApiQuery');
export const ApiResponse = noted('ApiResponse');
export const ApiTags = noted('ApiTags');

/** Returns the reference to a model in the document, as swagger's function of that name. */
export function getSchemaPath(model: { name: string }): string {
  return `#/components/schemas/${model.name}`;
}

/** Those whose `createDocument` is ours. */
const prepared = new WeakSet<Swagger['SwaggerModule']>();

/** Loads the package before the host can ask for a document: its own may hold our routes. */
export const swaggerProvider: Provider = {
  provide: SWAGGER,
  useFactory: async (): Promise<Swagger | null> => {
    const swagger = await ifInstalled('@nestjs/swagger', () => import('@nestjs/swagger'));
    if (swagger) describeWhenAsked(swagger);
    return swagger;
  },
};

/**
 * Describes our classes when a document is made, by us or by the host, and not before: it takes a seventh of all that we
 * add to a start, and in production most processes make none. The package has no hook for it.
 */
function describeWhenAsked(swagger: Swagger): void {
  const { SwaggerModule } = swagger;
  if (prepared.has(SwaggerModule)) return;
  prepared.add(SwaggerModule);
  const { createDocument } = SwaggerModule;
  SwaggerModule.createDocument = (...args) => {
    tellRules();
    for (const handOn of notes.splice(0)) handOn(swagger);
    return createDocument.apply(SwaggerModule, args);
  };
}

type Decorators = {
  [Name in keyof Swagger]: Swagger[Name] extends (...args: never[]) => PropertyDecorator | MethodDecorator ? Name : never;
};

function noted<Name extends Decorators[keyof Swagger]>(name: Name): Swagger[Name] {
  type Decorator = (...args: unknown[]) => (...place: unknown[]) => void;
  const decorator: Decorator =
    (...options) =>
    (...place) => {
      notes.push((swagger) => (swagger[name] as Decorator)(...options)(...place));
    };
  return decorator as unknown as Swagger[Name];
}
