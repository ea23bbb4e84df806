import { IsString, Length, Matches } from 'class-validator';
import { defineAction } from '../../index.js';
import { SmsGateway } from '../sms/sms-gateway.js';

class SendSmsArguments {
  /** International form: +4930123456. */
  @Matches(/^\+[1-9][\d ]{6,18}$/, { message: 'to must be a phone number in international form, like +4930123456' })
  to!: string;

  @IsString()
  @Length(1, 480)
  text!: string;
}

/**
 * An action of the CRM's own: this file, and one line in the module's options. Checking, the catalog's argument schema
 * and the API documentation come from the class above.
 */
export const sendSms = defineAction({
  type: 'send_sms',
  label: 'Send SMS',
  description: 'Sends a text message through the SMS gateway.',
  effect: 'external',
  arguments: SendSmsArguments,
  execute: async (args, step) => {
    // The key is the same for every attempt of this step: a repetition after a crash does not reach the customer twice.
    const to = args.to.replaceAll(' ', '');
    const sms = await step.inject(SmsGateway).send(to, args.text, step.idempotencyKey, step.workspaceId);
    return { messageId: sms.id };
  },
});
