// What is loaded together when somebody asks.
export { EventPage } from './event-page.js';
export { WhyPage } from './why-page.js';
