// What is loaded together when the editor is opened.
export { Editor } from './editor.js';
export { NewWorkflow } from './new-workflow.js';
