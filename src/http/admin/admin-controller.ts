import { applyDecorators, Controller, UseFilters, UseGuards } from '@nestjs/common';
import { AccessGuard } from '../access.guard.js';
import { ErrorFilter } from '../error.filter.js';
import { ApiBearerAuth, ApiTags } from '../openapi.js';
import { RequestShapeGuard } from '../request-shape.guard.js';
import { ApiErrorModel } from './error.dto.js';

/** A controller of the admin API: access first, then the form of the request; every error in one form. */
export function AdminController(path: string, title: string): ClassDecorator {
  return applyDecorators(
    Controller(path),
    UseGuards(AccessGuard, RequestShapeGuard),
    UseFilters(ErrorFilter),
    ApiTags(title),
    ApiBearerAuth(),
    ApiErrorModel(),
  );
}
