import type { EntityManager } from 'typeorm';
import { CrmUnitOfWork } from './crm-session.js';
import type { PreviewHost } from './preview-host.js';
import { placeAfter } from './session/rotation.js';

/** The CRM side of a preview: all is as in a run, except that a rotation is asked who is next and not moved on. */
export class PreviewUnitOfWork extends CrmUnitOfWork {
  private readonly given = new Map<string, number>();

  constructor(
    host: PreviewHost,
    private readonly readOnly: EntityManager,
  ) {
    super(host, readOnly);
  }

  override readonly nextInRotation: CrmUnitOfWork['nextInRotation'] = async ({ workspaceId, key, size }) => {
    const given = this.given.get(key) ?? 0;
    this.given.set(key, given + 1);
    return placeAfter(this.readOnly, { workspaceId, key, size }, given);
  };
}
