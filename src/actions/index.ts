import type { ActionDefinition } from './action.js';
import { addNote } from './add-note.js';
import { addTag } from './add-tag.js';
import { advanceMachine } from './advance-machine.js';
import { assignOwner } from './assign-owner.js';
import { changeField } from './change-field.js';
import { createRecord } from './create-record.js';
import { createTask } from './create-task.js';
import { findRecords } from './find-records.js';
import { httpRequest } from './http-request.js';
import { moveStage } from './move-stage.js';
import { removeTag } from './remove-tag.js';
import { sendEmail } from './send-email.js';
import { sendNotification } from './send-notification.js';
import { updateRelated } from './update-related.js';
import { webhook } from './webhook.js';

/** The actions that come with the module. */
export const builtInActions: readonly ActionDefinition[] = [
  sendEmail,
  createTask,
  createRecord,
  updateRelated,
  findRecords,
  addTag,
  removeTag,
  addNote,
  changeField,
  moveStage,
  assignOwner,
  advanceMachine,
  sendNotification,
  webhook,
  httpRequest,
];
