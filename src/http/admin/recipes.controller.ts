import { Get } from '@nestjs/common';
import { RecipeService } from '../../admin/recipe-service.js';
import { RequirePermission } from '../access.guard.js';
import { ApiOkResponse, ApiOperation } from '../openapi.js';
import { AdminController } from './admin-controller.js';
import { ApiErrors } from './error.dto.js';
import { RecipeListDto } from './workflow-transfer.dto.js';

@AdminController('recipes', 'Workflows')
export class RecipesController {
  constructor(private readonly recipes: RecipeService) {}

  @Get()
  @RequirePermission('view')
  @ApiOperation({
    summary: 'Workflows to start from',
    description: 'Send name, description and definition to `POST workflows`. `problems` says what does not fit this CRM.',
  })
  @ApiOkResponse({ type: RecipeListDto })
  @ApiErrors()
  async list(): Promise<RecipeListDto> {
    return { items: await this.recipes.list() };
  }
}
