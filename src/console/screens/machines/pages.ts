// What is loaded together when somebody looks at state machines.
export { MachineEditor } from './editor/machine-editor.js';
export { InstancePage } from './instance-page.js';
export { InstancesPage } from './instances-page.js';
export { MachineList } from './machine-list.js';
export { MachineVersions } from './versions.js';
