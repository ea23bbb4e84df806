import { Controller, Get, Query, UseGuards } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Caller } from '../../index.js';
import { BearerGuard, CurrentCaller } from '../access/bearer.guard.js';
import { InputPipe } from '../crm/input.pipe.js';
import { ListQuery } from '../crm/list-query.dto.js';
import { Notification } from './notification.entity.js';
import { PipelineStage } from './pipeline-stage.entity.js';
import { User } from './user.entity.js';

/** Who works here, the stages of their pipelines, and what their bell menus show. */
@Controller('crm')
@UseGuards(BearerGuard)
export class PeopleController {
  constructor(private readonly dataSource: DataSource) {}

  @Get('users')
  async users(@CurrentCaller() { workspaceId }: Caller): Promise<{ items: User[]; total: number }> {
    const [items, total] = await this.dataSource.manager.findAndCount(User, { where: { workspaceId }, order: { id: 'ASC' } });
    return { items, total };
  }

  @Get('stages')
  async stages(@CurrentCaller() { workspaceId }: Caller): Promise<{ items: PipelineStage[]; total: number }> {
    const order = { module: 'ASC', position: 'ASC' } as const;
    const [items, total] = await this.dataSource.manager.findAndCount(PipelineStage, { where: { workspaceId }, order });
    return { items, total };
  }

  @Get('notifications')
  async notifications(
    @Query(new InputPipe(ListQuery)) query: ListQuery,
    @CurrentCaller() { workspaceId }: Caller,
  ): Promise<{ items: Notification[]; total: number }> {
    const [items, total] = await this.dataSource.manager.findAndCount(Notification, {
      where: { workspaceId, ...(query.relatedId === undefined ? {} : { relatedId: query.relatedId }) },
      order: { createdAt: 'DESC', id: 'DESC' },
      take: query.limit,
      skip: query.offset,
    });
    return { items, total };
  }
}
