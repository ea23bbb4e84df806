import { Injectable } from '@nestjs/common';
import type { Caller } from '../host/access.js';
import { AdminDatabase } from '../store/admin-database.js';
import { type AuditFilter, type AuditItem, listAudit } from '../store/audit-list.js';
import type { Paging } from '../store/run-log-store.js';
import type { Page } from './run-service.js';

/**
 * Who changed what, and why: each change of a workflow, and each retry, cancel and start by a person. Entries are written in
 * the transaction of their change, with secrets masked, and never changed.
 */
@Injectable()
export class AuditService {
  constructor(private readonly database: AdminDatabase) {}

  /** Entries of the caller's workspace, newest first. */
  async list(filter: AuditFilter, { before, limit }: Paging, caller: Caller): Promise<Page<AuditItem>> {
    const items = await this.database.read((manager) => listAudit(manager, caller.workspaceId, filter, { before, limit: limit + 1 }));
    const shown = items.slice(0, limit);
    return { items: shown, nextCursor: items.length > limit ? (shown.at(-1)?.id ?? null) : null };
  }
}
