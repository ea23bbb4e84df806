import { latePages } from '../late.js';

/** Draws a page that answers questions. */
export const AnswerPage = latePages(() => import('./pages.js'), 'Why?');
