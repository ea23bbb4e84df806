import type { CatalogView } from '../../admin/catalog-service.js';
import type { JsonObject } from '../../core/json.js';
import { ApiProperty } from '../openapi.js';
import { OperatorDto, TemplateLanguageDto } from './catalog-language.dto.js';
import { ModuleDto } from './catalog-modules.dto.js';
import { ActionDto, MachinePartsDto, StepTypeDto, TriggerDto } from './catalog-parts.dto.js';

const SCHEMA = { type: 'object', additionalProperties: true } as const;

class SkipReasonDto {
  @ApiProperty({ example: 'conditions' })
  reason!: string;

  @ApiProperty({ example: 'The conditions did not hold; the explanation has each test with the value seen.' })
  description!: string;
}

class ErrorCodeDto {
  @ApiProperty({ example: 'revision_conflict' })
  code!: string;

  @ApiProperty({ type: 'integer', example: 409 })
  status!: number;

  @ApiProperty({ example: 'Load the workflow again and repeat your edit on top.' })
  hint!: string;
}

/** Everything that definitions may refer to, and what answers may hold. */
export class CatalogDto implements CatalogView {
  @ApiProperty({ type: [ModuleDto] })
  modules!: ModuleDto[];

  @ApiProperty({ type: [TriggerDto] })
  triggers!: TriggerDto[];

  @ApiProperty({ type: [OperatorDto], description: 'The operators of conditions.' })
  operators!: JsonObject[];

  @ApiProperty({ type: [ActionDto] })
  actions!: ActionDto[];

  @ApiProperty({ type: [StepTypeDto], description: 'Flow control.' })
  stepTypes!: StepTypeDto[];

  @ApiProperty({
    ...SCHEMA,
    description: 'JSON Schema of the settings.',
    example: { type: 'object', properties: { maxConcurrentRuns: { type: 'integer', minimum: 0 } } },
  })
  settings!: JsonObject;

  @ApiProperty({ type: MachinePartsDto, description: 'What state machines are made of.' })
  machines!: MachinePartsDto;

  @ApiProperty({ type: TemplateLanguageDto })
  templates!: TemplateLanguageDto;

  @ApiProperty({ type: [String], example: ['welcome'], description: 'Templates of mails, by name.' })
  mailTemplates!: string[];

  @ApiProperty({ example: 'Europe/Berlin', description: "The workspace's zone." })
  timezone!: string;

  @ApiProperty({ type: [SkipReasonDto] })
  skipReasons!: SkipReasonDto[];

  @ApiProperty({ type: [ErrorCodeDto] })
  errors!: ErrorCodeDto[];
}

/** A JSON Schema. */
export class DefinitionSchemaDto {
  @ApiProperty({ example: 'https://json-schema.org/draft/2020-12/schema' })
  $schema!: string;

  @ApiProperty({ example: 'object' })
  type!: string;

  @ApiProperty({ ...SCHEMA, example: { trigger: { $ref: '#/$defs/trigger' } } })
  properties!: JsonObject;

  @ApiProperty({ ...SCHEMA, example: { steps: { type: 'array', items: { $ref: '#/$defs/step' } } } })
  $defs!: JsonObject;
}
