import type { Recipe } from './recipe.js';

/** A recipe of the demo's own: other CRMs have no `send_sms`, so it is not among the shipped ones. */
export const SMS_RECIPE: Recipe = {
  code: 'text-new-contacts',
  name: 'Text new contacts',
  description: "Greets a new contact by SMS, with the CRM's own action send_sms. Started by EventEmitter2.",
  definition: {
    trigger: { type: 'event', module: 'contacts', event: 'created' },
    conditions: { field: 'phone', operator: 'starts_with', value: '+' },
    steps: [
      {
        id: 'greet',
        name: 'Greeting',
        type: 'send_sms',
        with: { to: '{{record.phone}}', text: 'Hello {{record.name}}, good to have you with us. Your team at Acme' },
      },
    ],
  },
};
