import { IsBoolean } from 'class-validator';
import type { RetriedStep, RetryPreview } from '../../admin/retry-preview.js';
import type { ErrorBody } from '../error-body.js';
import { IfGiven } from '../fields.js';
import { ApiProperty, ApiPropertyOptional } from '../openapi.js';
import { RetryRunDto } from './runs.dto.js';

/** How to repeat one run, or what that would do. */
export class RetryOrPreviewDto extends RetryRunDto {
  @ApiPropertyOptional({ default: false, description: 'Only say what the retry would do.' })
  @IfGiven()
  @IsBoolean()
  dryRun?: boolean;
}

class RetriedStepDto implements RetriedStep {
  @ApiProperty({ example: 'welcome' })
  path!: string;

  @ApiProperty({ type: String, nullable: true, example: 'Welcome mail' })
  name!: string | null;

  @ApiProperty({ example: 'send_email' })
  type!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    enum: ['local', 'external'],
    example: 'external',
    description: 'Null: flow control, which does nothing to the world.',
  })
  effect!: RetriedStep['effect'];
}

class RetryVersionDto {
  @ApiProperty({ type: 'integer', example: 4, description: 'That of the run.' })
  same!: number;

  @ApiProperty({ type: 'integer', nullable: true, example: 6, description: 'The one published now.' })
  newest!: number | null;

  @ApiProperty({
    type: [String],
    example: ['trigger.event', 'steps.welcome.with.template'],
    description: 'Where the newest differs; `steps.welcome` for a step that was added, moved or removed.',
  })
  differs!: string[];
}

/** What a retry would do. */
export class RetryPreviewDto implements Omit<RetryPreview, 'refused'> {
  @ApiProperty({ type: [RetriedStepDto], description: 'Steps that would be performed again. What was never reached follows in any case.' })
  again!: RetriedStepDto[];

  @ApiProperty({ type: [RetriedStepDto], description: 'Steps that are not: what they left is used.' })
  kept!: RetriedStepDto[];

  @ApiProperty({
    type: [RetriedStepDto],
    description: 'Of those performed again, the ones that did something, or may have: it would happen twice.',
  })
  mayRepeat!: RetriedStepDto[];

  @ApiProperty({ type: RetryVersionDto })
  version!: RetryVersionDto;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    example: null,
    description: 'The error with which the retry would be answered; null when it would not be refused.',
  })
  refused!: ErrorBody | null;
}
