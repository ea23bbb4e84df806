import type { ActionDefinition } from './action.js';
import { assignOwner } from './assign-owner.js';
import { changeField } from './change-field.js';
import { createTask } from './create-task.js';
import { httpRequest } from './http-request.js';
import { moveStage } from './move-stage.js';
import { sendEmail } from './send-email.js';
import { sendNotification } from './send-notification.js';
import { webhook } from './webhook.js';

/** The actions that come with the module. */
export const builtInActions: readonly ActionDefinition[] = [
  sendEmail,
  createTask,
  changeField,
  moveStage,
  assignOwner,
  sendNotification,
  webhook,
  httpRequest,
];
