import { latePages } from '../late.js';

/** Draws a page of the editor: most people who look at lists never open it. */
export const EditorPage = latePages(() => import('./pages.js'), 'Workflow');
