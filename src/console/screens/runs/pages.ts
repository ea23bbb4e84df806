// What is loaded when somebody looks at a run.
export { RunPage } from './run-page.js';
