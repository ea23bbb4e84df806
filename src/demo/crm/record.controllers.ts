import { Body, Controller, Get, Param, Patch, Post, Query, type Type, UseGuards } from '@nestjs/common';
import type { Caller, RecordData } from '../../index.js';
import { BearerGuard, CurrentCaller } from '../access/bearer.guard.js';
import { CRM_MODULES, type CrmModule } from './crm-modules.js';
import { InputPipe, RecordIdPipe } from './input.pipe.js';
import { ListQuery } from './list-query.dto.js';
import { type RecordPage, RecordService } from './record.service.js';

/** The same four routes for every module: create, patch, get, list. */
function recordController(module: CrmModule): Type {
  @Controller(`crm/${module.name}`)
  @UseGuards(BearerGuard)
  class RecordController {
    constructor(readonly records: RecordService) {}

    @Post()
    create(@Body(new InputPipe(module.createInput)) input: object, @CurrentCaller() caller: Caller): Promise<RecordData> {
      return this.records.create(module, input, caller);
    }

    @Patch(':id')
    patch(
      @Param('id', RecordIdPipe) id: string,
      @Body(new InputPipe(module.patchInput)) input: object,
      @CurrentCaller() caller: Caller,
    ): Promise<RecordData> {
      return this.records.patch(module, id, input, caller);
    }

    @Get(':id')
    get(@Param('id', RecordIdPipe) id: string, @CurrentCaller() caller: Caller): Promise<RecordData> {
      return this.records.get(module, id, caller);
    }

    @Get()
    list(@Query(new InputPipe(ListQuery)) query: ListQuery, @CurrentCaller() caller: Caller): Promise<RecordPage> {
      return this.records.list(module, query, caller);
    }
  }
  return RecordController;
}

export const RECORD_CONTROLLERS: Type[] = CRM_MODULES.map(recordController);
