/** `nestjs-crm-automation/testing`: for the tests of hosts. Nothing of it belongs in an application. */

export { AutomationTesting, type CapturedCall, type CapturedMail, type OverridableBuilder } from './automation-testing.js';
export { MemoryCrm, type MemoryCrmOptions } from './memory-crm.js';
