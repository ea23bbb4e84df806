import type { LookUps } from '../../admin/look-up-service.js';
import type { Me, PlanLimit, PlanUse } from '../../admin/me-service.js';
import { PERMISSIONS, type Permission } from '../../host/access.js';
import { ApiProperty } from '../openapi.js';

class MyselfDto {
  @ApiProperty({ example: 'u-7' })
  id!: string;

  @ApiProperty({ example: 'Ada', description: 'The id where the application tells no name.' })
  name!: string;

  @ApiProperty({ type: [String], example: ['sales'] })
  roles!: string[];
}

class LookUpsDto implements LookUps {
  @ApiProperty({ example: true, description: 'Whether `GET users` lists and searches.' })
  users!: boolean;

  @ApiProperty({ example: true })
  roles!: boolean;

  @ApiProperty({ example: true, description: 'Whether `GET records` searches.' })
  records!: boolean;
}

class FeaturesDto {
  @ApiProperty({ type: LookUpsDto })
  lookUps!: LookUpsDto;
}

class LimitsDto {
  @ApiProperty({ type: 'integer', example: 262_144, description: 'The largest body of a request.' })
  bodyBytes!: number;

  @ApiProperty({ type: 'integer', example: 262_144, description: 'The largest event.' })
  eventBytes!: number;

  @ApiProperty({ type: 'integer', example: 5, description: 'How many runs may follow from one another.' })
  chainDepth!: number;

  @ApiProperty({ type: 'integer', example: 500, description: 'The most steps that a run executes outside of loops.' })
  stepsPerRun!: number;

  @ApiProperty({ type: 'integer', example: 1_000, description: 'The most items that a loop may have.' })
  loopItems!: number;

  @ApiProperty({ type: 'integer', example: 10_000, description: 'The most steps that a run executes for the items of its loops.' })
  loopSteps!: number;

  @ApiProperty({ type: 'integer', example: 1000, description: 'The most runs that one call retries.' })
  bulkRetry!: number;
}

class RetentionDto {
  @ApiProperty({ example: 180 })
  runs!: number;

  @ApiProperty({ example: 30 })
  skippedRuns!: number;

  @ApiProperty({ example: 30 })
  events!: number;
}

class PlanLimitDto implements PlanLimit {
  @ApiProperty({ type: 'integer', nullable: true, example: 3, description: 'Null: as much as one likes.' })
  allowed!: number | null;

  @ApiProperty({ type: 'integer', example: 2 })
  used!: number;
}

class PlanUseDto implements PlanUse {
  @ApiProperty({ type: String, nullable: true, example: 'Basic' })
  name!: string | null;

  @ApiProperty({ example: true, description: 'False: the workspace has no automation.' })
  enabled!: boolean;

  @ApiProperty({ type: PlanLimitDto })
  activeWorkflows!: PlanLimitDto;

  @ApiProperty({ type: PlanLimitDto, description: 'Runs that have started in the present month (UTC).' })
  runsPerMonth!: PlanLimitDto;

  @ApiProperty({ type: [String], nullable: true, example: null, description: 'Types of steps; null: all.' })
  stepTypes!: string[] | null;
}

/** Who is calling, and what there is for them. */
export class MeDto implements Me {
  @ApiProperty({ type: MyselfDto })
  user!: MyselfDto;

  @ApiProperty({ example: 'acme' })
  workspaceId!: string;

  @ApiProperty({ enum: PERMISSIONS, isArray: true, example: ['view', 'operate'] })
  permissions!: Permission[];

  @ApiProperty({ example: 'Europe/Berlin', description: "The workspace's zone." })
  timezone!: string;

  @ApiProperty({ type: FeaturesDto })
  features!: FeaturesDto;

  @ApiProperty({ type: LimitsDto })
  limits!: LimitsDto;

  @ApiProperty({ type: RetentionDto, description: 'Days for which the log is kept.' })
  retention!: RetentionDto;

  @ApiProperty({ type: PlanUseDto, nullable: true, description: 'Null: the application has no plans.' })
  plan!: PlanUseDto | null;

  @ApiProperty({ example: '0.2.0', description: 'Of the package.' })
  version!: string;
}
