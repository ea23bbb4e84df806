import { Injectable } from '@nestjs/common';
import { checkShape, REQUEST_LIMITS } from '../core/json-shape.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import type { Caller } from '../host/access.js';
import { AdminDatabase } from '../store/admin-database.js';
import type { RunFilter } from '../store/run-filter.js';
import { countByStatus, type GroupedBy, groupRuns, type RunGroups, type StatusCount } from '../store/run-groups.js';

/** How many runs there are, by status; and which counts stop at 10,000. */
export interface RunCounts {
  counts: StatusCount[];
}

/** What the log tells of many runs at once. Everything is bound to the caller's workspace. */
@Injectable()
export class RunInsight {
  constructor(
    private readonly database: AdminDatabase,
    private readonly catalog: AutomationCatalog,
  ) {}

  /** How many runs of the filter are in which status, each counted up to 10,000. */
  async counts(filter: RunFilter, caller: Caller): Promise<RunCounts> {
    return { counts: await this.database.read((manager) => countByStatus(manager, this.question(filter, caller))) };
  }

  /** The newest 10,000 runs of the filter in groups, the largest first: by workflow, step and reason, or by version. Failed ones, unless the filter says otherwise. */
  groups(filter: RunFilter, by: GroupedBy, caller: Caller): Promise<RunGroups> {
    const status = filter.status ?? (by === 'cause' ? (['failed'] as const) : undefined);
    return this.database.read((manager) => groupRuns(manager, this.question({ ...filter, ...(status && { status }) }, caller), by));
  }

  private question(filter: RunFilter, { workspaceId }: Caller) {
    checkShape(filter, 'filter', REQUEST_LIMITS);
    return { workspaceId, filter, modules: [...this.catalog.modules.keys()] };
  }
}
