import type { ActionDefinition } from './action.js';
import { assignOwner } from './assign-owner.js';
import { changeField } from './change-field.js';
import { createTask } from './create-task.js';
import { moveStage } from './move-stage.js';
import { sendEmail } from './send-email.js';
import { sendNotification } from './send-notification.js';
import { webhook } from './webhook.js';

export * from './define-action.js';
export { type MailContent, Mailer, type MailOptions, type SentMail } from './email/mailer.js';
export { EmailTemplates, type RenderedEmail } from './email/templates.js';
export { AddressGuard, type AddressGuardOptions, isPublicAddress, REFUSED_PORTS } from './outbound/address-guard.js';
export {
  OutboundHttp,
  type OutboundMethod,
  type OutboundOptions,
  type OutboundRequest,
  type OutboundResponse,
} from './outbound/outbound-http.js';
export { ActionRegistry } from './registry.js';

/** The actions that come with the module. */
export const builtInActions: readonly ActionDefinition[] = [
  sendEmail,
  createTask,
  changeField,
  moveStage,
  assignOwner,
  sendNotification,
  webhook,
];
