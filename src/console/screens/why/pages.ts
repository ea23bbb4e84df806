// What is loaded together when somebody asks.
export { AuditPage } from '../audit/audit-page.js';
export { EventPage } from './event-page.js';
export { WhyPage } from './why-page.js';
