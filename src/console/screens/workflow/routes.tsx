import { latePages } from '../late.js';

/** Draws a page of one workflow beside its editor. */
export const WorkflowPage = latePages(() => import('./pages.js'), 'Workflow');
