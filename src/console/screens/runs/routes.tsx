import { latePages } from '../late.js';

/** Draws the page of a run. */
export const RunsPage = latePages(() => import('./pages.js'), 'Run');
