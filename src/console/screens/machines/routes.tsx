import { latePages } from '../late.js';

/** Draws a page of state machines. */
export const MachinesPage = latePages(() => import('./pages.js'), 'State machines');
