import { latePages } from '../late.js';

/** Draws the audit, which few people open. */
export const AuditScreen = latePages(() => import('./audit-page.js'), 'Audit');
