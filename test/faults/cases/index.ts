import type { FaultCase } from '../support/fault-case.js';
import { killedWorkers } from './f01-killed-workers.js';
import { cutConnections } from './f02-cut-connections.js';
import { crashedDatabase } from './f03-crashed-database.js';
import { stoppedWorkers } from './f04-stopped-workers.js';
import { racingNodes } from './f05-races.js';
import { repeatedEvent } from './f06-repeated-event.js';
import { crashPoints } from './f07-crash-points.js';
import { smtpTrouble } from './f08-smtp-trouble.js';
import { webhookTrouble } from './f09-webhook-trouble.js';
import { dyingPublishers } from './f10-dying-publishers.js';
import { wrongClocks } from './f11-wrong-clocks.js';
import { terminatedWorkers } from './f12-terminated-workers.js';
import { floods } from './f13-floods.js';
import { refusedData } from './f14-refused-data.js';
import { runModel } from './f15-run-model.js';
import { answers } from './f16-answers.js';
import { triggerUrls } from './f17-trigger-urls.js';
import { dueAtOnce } from './f18-due-at-once.js';
import { troublesomeActions } from './f19-troublesome-actions.js';
import { releaseBefore } from './f20-release-before.js';

/** Every fault of the promises, in their order. */
export const FAULT_CASES: readonly FaultCase[] = [
  killedWorkers,
  cutConnections,
  crashedDatabase,
  stoppedWorkers,
  racingNodes,
  repeatedEvent,
  crashPoints,
  smtpTrouble,
  webhookTrouble,
  dyingPublishers,
  wrongClocks,
  terminatedWorkers,
  floods,
  refusedData,
  runModel,
  answers,
  triggerUrls,
  dueAtOnce,
  troublesomeActions,
  releaseBefore,
];
