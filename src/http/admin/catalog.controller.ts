import { Get } from '@nestjs/common';
import { describeOperators } from '../../core/operators/index.js';
import { FLOW_STEP_TYPES } from '../../core/steps/index.js';
import { describeTriggers } from '../../core/trigger/trigger.js';
import { AutomationCatalog } from '../../engine/automation-catalog.js';
import { RequirePermission } from '../access.guard.js';
import { ApiOkResponse, ApiOperation } from '../openapi.js';
import { AdminController } from './admin-controller.js';
import { CatalogDto } from './catalog-responses.dto.js';
import { ApiErrors } from './error.dto.js';

@AdminController('catalog', 'Catalog')
export class CatalogController {
  constructor(private readonly catalog: AutomationCatalog) {}

  @Get()
  @RequirePermission('view')
  @ApiOperation({ summary: 'Modules with their fields and events, triggers, operators, actions with the schemas of their arguments' })
  @ApiOkResponse({ type: CatalogDto })
  @ApiErrors()
  get(): CatalogDto {
    const { modules, actions, executable } = this.catalog;
    return {
      modules: [...modules.values()],
      triggers: describeTriggers().map((trigger) => ({ ...trigger, executable: executable.triggers.has(trigger.type) })),
      operators: describeOperators(),
      actions: [...actions.values()].map(({ type, label, description, effect, argumentsSchema }) => ({
        type,
        label,
        description,
        effect,
        argumentsSchema,
      })),
      stepTypes: FLOW_STEP_TYPES.map((type) => ({ type, executable: executable.kinds.has(type) })),
    };
  }
}
