import type { FaultCase } from '../support/fault-case.js';
import { killedWorkers } from './f01-killed-workers.js';
import { stoppedWorkers } from './f04-stopped-workers.js';
import { repeatedEvent } from './f06-repeated-event.js';
import { dyingPublishers } from './f10-dying-publishers.js';

/** Every fault of the promises, in their order. */
export const FAULT_CASES: readonly FaultCase[] = [killedWorkers, stoppedWorkers, repeatedEvent, dyingPublishers];
