import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray, IsBoolean } from 'class-validator';
import { MOST_REPLAYED, type ReplayCommand, type ReplayedWorkflow, type ReplayResult } from '../../admin/replay-service.js';
import type { Json } from '../../core/json.js';
import type { RunOfEvent } from '../../store/replay-store.js';
import { RUN_STATUSES, type RunStatus } from '../../store/runs/run.js';
import { IfGiven, OwnIds } from '../fields.js';
import { ApiProperty, ApiPropertyOptional } from '../openapi.js';
import { EXPLANATION, ID, NULLABLE_ID, NULLABLE_TEXT, TIME } from './log-schemas.js';
import { ByHandDto } from './starts.dto.js';

/** How to give an event to workflows again. */
export class ReplayEventDto extends ByHandDto implements ReplayCommand {
  @ApiPropertyOptional({
    type: [String],
    format: 'uuid',
    maxItems: MOST_REPLAYED,
    example: ['019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11'],
    description:
      'These workflows, whatever their triggers listen to. Left out: those that listen to the event now, or the one that it was for.',
  })
  @IfGiven()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MOST_REPLAYED)
  @ArrayUnique()
  @OwnIds()
  workflowIds?: string[];

  @ApiPropertyOptional({ default: false, description: 'Also workflows that have run on the event already.' })
  @IfGiven()
  @IsBoolean()
  again?: boolean;

  @ApiPropertyOptional({ default: false, description: 'Only say what would become of it.' })
  @IfGiven()
  @IsBoolean()
  dryRun?: boolean;
}

/** A run of the event, or of a replay of it. */
class RunOfEventDto implements Omit<RunOfEvent, 'workflowId'> {
  @ApiProperty(ID)
  id!: string;

  @ApiProperty({ enum: RUN_STATUSES, example: 'succeeded' })
  status!: RunStatus;

  @ApiProperty(TIME)
  createdAt!: string;

  @ApiProperty({ ...ID, description: 'The event itself, or the replay.' })
  eventId!: string;
}

/** What a replay means to one workflow. */
class ReplayedWorkflowDto implements ReplayedWorkflow {
  @ApiProperty(ID)
  workflowId!: string;

  @ApiProperty({ example: 'Welcome web leads' })
  workflowName!: string;

  @ApiProperty({
    enum: ['starts', 'ran', 'refused'],
    example: 'starts',
    description: '`ran`: it has run on the event already, and is left alone. `refused`: its trigger or its rules keep it out now.',
  })
  verdict!: ReplayedWorkflow['verdict'];

  @ApiProperty({ ...NULLABLE_TEXT, example: null, description: 'Why it is refused, as a skipped run would say.' })
  reason!: string | null;

  @ApiProperty(EXPLANATION)
  explanation!: Json;

  @ApiProperty({ type: [RunOfEventDto], description: 'What it has made of the event so far, replays included.' })
  ran!: RunOfEventDto[];

  @ApiProperty({ ...NULLABLE_ID, description: 'The id of the start: `GET events/{id}` tells what came of it. Null unless it starts.' })
  eventId!: string | null;
}

/** What a replay did, or would do. */
export class ReplayResultDto implements ReplayResult {
  @ApiProperty({ example: false })
  dryRun!: boolean;

  @ApiProperty({ type: [ReplayedWorkflowDto] })
  workflows!: ReplayedWorkflowDto[];
}
