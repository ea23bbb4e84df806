import { IsIn } from 'class-validator';
import type { Outage } from './mail-server.js';

export class SetOutage {
  /** `reject`: refuses every mail with 550, for good. `offline`: does not answer. `off`: works. */
  @IsIn(['reject', 'offline', 'off'])
  mode!: Outage;
}
