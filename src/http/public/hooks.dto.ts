import { ApiProperty } from '../openapi.js';

/** What every delivery is answered that was not refused. */
export class ReceivedDto {
  @ApiProperty({ example: true })
  received!: true;
}
