import type { CheckedMachine, MachineDiagram } from '../../admin/machine-service.js';
import type { JsonObject } from '../../core/json.js';
import type { BoundedCount } from '../../store/bounded-count.js';
import type { MachineItem, MachinePage } from '../../store/machines/machine-list.js';
import { ApiProperty } from '../openapi.js';
import { ProblemDto } from './error.dto.js';
import { EXAMPLE_MACHINE, MachineDefinitionDto } from './machine-definition.dto.js';
import { MACHINE_STATUSES } from './machines.dto.js';
import { WarningDto } from './warning.dto.js';
import { ActorDto, DefinitionItemDto, PageTotalDto, PublicationDto } from './workflow-responses.dto.js';

/** A machine as lists show it. */
export class MachineItemDto extends DefinitionItemDto implements MachineItem {
  @ApiProperty({ example: 'order-fulfilment' })
  code!: string;

  @ApiProperty({ example: 'Order fulfilment' })
  name!: string;

  @ApiProperty({ enum: MACHINE_STATUSES, example: 'active' })
  status!: MachineItem['status'];

  @ApiProperty({ example: true, description: 'False: no instance is made and no transition is asked.' })
  enabled!: boolean;

  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true, example: EXAMPLE_MACHINE.for })
  for!: JsonObject | null;

  @ApiProperty({ type: String, nullable: true, example: 'NEW' })
  initialState!: string | null;

  @ApiProperty({ type: 'integer', example: 12, description: 'Instances in states that are not final.' })
  activeInstances!: number;

  @ApiProperty({ type: 'integer', example: 130 })
  instances!: number;

  @ApiProperty({ type: ActorDto, nullable: true, example: null, description: 'Who disabled it; null unless it is disabled.' })
  disabledBy!: ActorDto | null;

  @ApiProperty({ type: String, nullable: true, example: null, description: 'Why, in their own words.' })
  disabledReason!: string | null;
}

/** One page of machines. */
export class MachinePageDto extends PageTotalDto implements MachinePage {
  @ApiProperty({ type: [MachineItemDto] })
  items!: MachineItemDto[];
}

class PublishedMachineDto extends PublicationDto {
  @ApiProperty({ type: MachineDefinitionDto })
  definition!: JsonObject;
}

/** How many instances are where. */
class StateCountDto {
  @ApiProperty({ type: 'integer', example: 2 })
  version!: number;

  @ApiProperty({ example: 'SUBMITTED' })
  state!: string;

  @ApiProperty({ example: false })
  isFinal!: boolean;

  @ApiProperty({ type: 'integer', example: 12 })
  instances!: number;
}

/** How many there are, or at least so many. */
export class BoundedCountDto implements BoundedCount {
  @ApiProperty({ type: 'integer', example: 12, description: 'Counted up to 10,000.' })
  count!: number;

  @ApiProperty({ example: true, description: 'False: there are more.' })
  isExact!: boolean;
}

/** Everything about one machine. */
export class MachineDetailDto extends MachineItemDto implements CheckedMachine {
  @ApiProperty({ type: MachineDefinitionDto, description: 'The draft, as last saved.' })
  definition!: JsonObject;

  @ApiProperty({ type: [ProblemDto], example: [] })
  problems!: ProblemDto[];

  @ApiProperty({ type: [WarningDto], description: 'What deserves a look and keeps nobody from publishing; none while there are problems.' })
  warnings!: WarningDto[];

  @ApiProperty({ type: PublishedMachineDto, nullable: true })
  published!: PublishedMachineDto | null;

  @ApiProperty({ type: [StateCountDto], description: 'Where its instances are, by version.' })
  states!: StateCountDto[];

  @ApiProperty({
    type: BoundedCountDto,
    description: 'Timeouts that came due while it was disabled: enabling it fires them, or begins them anew. None while it is enabled.',
  })
  missedTimeouts!: BoundedCountDto;
}

/** A machine as pictures. */
export class MachineDiagramDto implements MachineDiagram {
  @ApiProperty({ example: 'stateDiagram-v2\n  state "NEW" as s0\n  [*] --> s0\n' })
  mermaid!: string;

  @ApiProperty({ example: '<svg xmlns="http://www.w3.org/2000/svg">…</svg>' })
  svg!: string;
}
