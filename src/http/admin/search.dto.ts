import { IsString, Length, Matches } from 'class-validator';
import type { SearchResult } from '../../admin/search-service.js';
import type { FoundWorkflow } from '../../store/search-store.js';
import { QueryInteger, type QueryParameters } from '../fields.js';
import { ApiProperty } from '../openapi.js';
import { EventItemDto } from './event-responses.dto.js';
import { ID, NULLABLE_TEXT } from './log-schemas.js';
import { RecordNameDto } from './look-ups.dto.js';
import { RunItemDto } from './run-item.dto.js';

/** What is looked for. */
export class SearchQuery {
  @IsString()
  @Length(1, 200)
  @Matches(/\S/, { message: 'q must not be blank' })
  q!: string;

  @QueryInteger(1, 50)
  limit?: number;
}

/** The parameters of {@link SearchQuery} for the OpenAPI document. */
export const SEARCH_PARAMETERS: QueryParameters = {
  q: {
    type: String,
    required: true,
    example: 'ann@example.test',
    description: 'An id of a record, run, event or workflow, a name, an e-mail address.',
  },
  limit: { schema: { type: 'integer', minimum: 1, maximum: 50, default: 20 } },
};

class FoundWorkflowDto implements FoundWorkflow {
  @ApiProperty(ID)
  id!: string;

  @ApiProperty({ example: 'welcome-web-leads' })
  code!: string;

  @ApiProperty({ example: 'Welcome web leads' })
  name!: string;

  @ApiProperty({ ...NULLABLE_TEXT, example: 'active', description: 'Null: it has been deleted.' })
  status!: string | null;
}

/** What is behind a text. */
export class SearchResultDto implements SearchResult {
  @ApiProperty({ type: RunItemDto, nullable: true, description: 'The run of this id.' })
  run!: RunItemDto | null;

  @ApiProperty({ type: EventItemDto, nullable: true, description: 'The event of this id.' })
  event!: EventItemDto | null;

  @ApiProperty({ type: [FoundWorkflowDto], description: 'Of this id, or with the text in their name or code.' })
  workflows!: FoundWorkflowDto[];

  @ApiProperty({ type: [RecordNameDto], description: 'Of this id, or with the words in what the CRM searches.' })
  records!: RecordNameDto[];

  @ApiProperty({ ...NULLABLE_TEXT, example: null, description: 'Why there may be more records than these.' })
  note!: string | null;
}
