import type { Provider } from '@nestjs/common';
import { RunService } from './run-service.js';
import { StartService } from './start-service.js';
import { TimelineService } from './timeline-service.js';
import { WorkflowService } from './workflow-service.js';

/** The application services behind the API. */
export const adminProviders: Provider[] = [WorkflowService, StartService, RunService, TimelineService];
