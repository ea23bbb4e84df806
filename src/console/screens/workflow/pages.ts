// What is loaded together when a page of one workflow is opened.
export { HealthTab } from './health-tab.js';
export { RunsTab } from './runs-tab.js';
export { SettingsTab } from './settings-tab.js';
export { VersionsTab } from './versions-tab.js';
