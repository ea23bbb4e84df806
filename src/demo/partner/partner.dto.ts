import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsIn, IsUUID, ValidateNested } from 'class-validator';
import { OptionalText } from '../crm/validators.js';

const MOST_ORDERS = 500;

/** What the partner says of an order. */
class OrderAnswer {
  /** The opportunity. */
  @IsUUID()
  id!: string;

  @IsIn(['confirmed', 'rejected'])
  status!: 'confirmed' | 'rejected';

  @OptionalText(1000)
  note?: string | null;
}

/** The orders that go to the partner. */
export class ExportOrders {
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MOST_ORDERS)
  @IsUUID(undefined, { each: true })
  ids!: string[];
}

/** The partner's answers. */
export class ImportOrders {
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MOST_ORDERS)
  @ValidateNested({ each: true })
  @Type(() => OrderAnswer)
  orders!: OrderAnswer[];
}
