// What is loaded together when somebody looks at tasks.
export { TaskList } from './task-list.js';
export { TaskPage } from './task-page.js';
