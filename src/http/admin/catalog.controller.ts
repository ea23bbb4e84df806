import { Get, UseInterceptors } from '@nestjs/common';
import { CatalogService, type CatalogView } from '../../admin/catalog-service.js';
import type { JsonObject } from '../../core/json.js';
import type { Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { ConditionalGet } from '../conditional-get.js';
import { ApiOkResponse, ApiOperation } from '../openapi.js';
import { AdminController } from './admin-controller.js';
import { CatalogDto, DefinitionSchemaDto } from './catalog-responses.dto.js';
import { ApiErrors, ApiNotModified } from './error.dto.js';

@AdminController('catalog', 'Catalog')
export class CatalogController {
  constructor(private readonly catalog: CatalogService) {}

  @Get()
  @RequirePermission('view')
  @UseInterceptors(ConditionalGet)
  @ApiOperation({
    summary: 'Everything that definitions may refer to: modules, triggers, operators, steps, actions with their schemas, templates',
    description:
      'With the reasons of skipped runs and the codes of errors. Schemas that refer to others do so below `definition.schema.json`.',
  })
  @ApiOkResponse({ type: CatalogDto })
  @ApiNotModified()
  @ApiErrors()
  get(@CurrentCaller() caller: Caller): Promise<CatalogView> {
    return this.catalog.view(caller);
  }
}

@AdminController('definition.schema.json', 'Catalog')
export class DefinitionSchemaController {
  constructor(private readonly catalog: CatalogService) {}

  @Get()
  @RequirePermission('view')
  @UseInterceptors(ConditionalGet)
  @ApiOperation({
    summary: 'The JSON Schema (2020-12) of a whole definition, for editors',
    description: 'With the modules and actions of this CRM.',
  })
  @ApiOkResponse({ type: DefinitionSchemaDto })
  @ApiNotModified()
  @ApiErrors()
  get(): JsonObject {
    return this.catalog.definitionSchema();
  }
}

@AdminController('machine.schema.json', 'Catalog')
export class MachineSchemaController {
  constructor(private readonly catalog: CatalogService) {}

  @Get()
  @RequirePermission('view')
  @UseInterceptors(ConditionalGet)
  @ApiOperation({
    summary: 'The JSON Schema (2020-12) of a state machine, for editors',
    description: 'With the modules and actions of this CRM.',
  })
  @ApiOkResponse({ type: DefinitionSchemaDto })
  @ApiNotModified()
  @ApiErrors()
  get(): JsonObject {
    return this.catalog.machineSchema();
  }
}
