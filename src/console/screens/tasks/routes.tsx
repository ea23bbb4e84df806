import { latePages } from '../late.js';

/** Draws a page of tasks. */
export const TasksPage = latePages(() => import('./pages.js'), 'Tasks');
