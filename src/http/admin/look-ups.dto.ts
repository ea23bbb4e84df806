import { IsString, Length } from 'class-validator';
import type { RecordName } from '../../admin/look-up-service.js';
import type { RecordData } from '../../core/event.js';
import type { CrmUser } from '../../host/crm-host.js';
import { OptionalText, QueryInteger, QueryList, type QueryParameters, RequiredWithout } from '../fields.js';
import { ApiProperty } from '../openapi.js';

const MOST = 50;
const MOST_IDS = 100;

const SEARCH_PARAMETERS: QueryParameters = {
  search: { type: String, example: 'ann exa', description: 'Finds what holds every one of its words, whatever the letter case.' },
  ids: {
    type: String,
    example: 'u-1,u-2',
    description: `Those of these ids, separated by commas, in place of a search; ${MOST_IDS} at the most.`,
  },
  limit: { schema: { type: 'integer', minimum: 1, maximum: MOST, default: 20 } },
};

/** Which users. */
export class UsersQuery {
  @OptionalText(200)
  search?: string;

  @OptionalText(200)
  role?: string;

  @QueryList(MOST_IDS)
  ids?: string[];

  @QueryInteger(1, MOST)
  limit?: number;
}

/** The parameters of {@link UsersQuery} for the OpenAPI document. */
export const USERS_PARAMETERS: QueryParameters = {
  ...SEARCH_PARAMETERS,
  role: { type: String, example: 'sales', description: 'Only those who have this role.' },
};

/** Which records. */
export class RecordsQuery {
  @IsString()
  @Length(1, 100)
  module!: string;

  @RequiredWithout('ids')
  search?: string;

  @QueryList(MOST_IDS)
  ids?: string[];

  @QueryInteger(1, MOST)
  limit?: number;
}

/** The parameters of {@link RecordsQuery} for the OpenAPI document. */
export const RECORDS_PARAMETERS: QueryParameters = {
  module: { type: String, example: 'leads', required: true },
  ...SEARCH_PARAMETERS,
};

class UserDto implements CrmUser {
  @ApiProperty({ example: 'u-1' })
  id!: string;

  @ApiProperty({ example: 'Grace Hopper' })
  name!: string;

  @ApiProperty({ type: String, nullable: true, example: 'grace@acme.test' })
  email!: string | null;

  @ApiProperty({ type: [String], example: ['sales'] })
  roles!: string[];
}

/** Users to choose from. */
export class UserChoiceDto {
  @ApiProperty({ type: [UserDto] })
  items!: UserDto[];

  @ApiProperty({ example: false, description: 'There are more: narrow the search.' })
  hasMore!: boolean;
}

/** The roles that users have. */
export class RoleListDto {
  @ApiProperty({ type: [String], example: ['sales', 'support'] })
  items!: string[];
}

/** A record by what people call it. */
export class RecordNameDto implements RecordName {
  @ApiProperty({ example: 'leads' })
  module!: string;

  @ApiProperty({ example: '42' })
  id!: string;

  @ApiProperty({ example: 'Ann Example', description: 'What people call it; its id where nothing names it.' })
  title!: string;
}

/** Records to choose from. */
export class RecordChoiceDto {
  @ApiProperty({ type: [RecordNameDto] })
  items!: RecordNameDto[];

  @ApiProperty({ example: false, description: 'There are more: narrow the search.' })
  hasMore!: boolean;
}

/** One record. */
export class RecordDto extends RecordNameDto {
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'Its fields, and those of its to-one relations, as conditions and templates see them.',
    example: { id: '42', name: 'Ann Example', source: 'Web Form', account: { id: '7', name: 'Acme' } },
  })
  record!: RecordData;
}
