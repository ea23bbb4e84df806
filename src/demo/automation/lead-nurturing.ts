import type { JsonObject } from '../../index.js';

/** A lead that nobody works on is thought of again, less and less often, and given up in the end. */
export const LEAD_NURTURING = {
  code: 'lead-nurturing',
  name: 'Lead nurturing',
  description: 'Reminds the owner of leads that nobody has contacted: after two days, after a week more. After a month they are cold.',
  definition: {
    for: { module: 'leads' },
    start: { trigger: { type: 'event', module: 'leads', event: 'created' } },
    states: [
      { code: 'FRESH', description: 'Nobody has contacted it yet.', initial: true, timeout: { after: 'P2D', transition: 'remind' } },
      { code: 'REMINDED', timeout: { after: 'P7D', transition: 'remind_again' } },
      { code: 'COOLING', timeout: { after: 'P30D', transition: 'give_up' } },
      { code: 'ENGAGED', description: 'Somebody talks to it.', final: true },
      { code: 'COLD', description: 'Nobody ever did.' },
    ],
    transitions: [
      {
        code: 'engage',
        from: 'any',
        to: 'ENGAGED',
        trigger: { type: 'event', module: 'leads', event: 'stage_changed', to: ['Contacted', 'Qualified', 'Converted'] },
      },
      {
        code: 'remind',
        from: ['FRESH'],
        to: 'REMINDED',
        trigger: { type: 'timeout' },
        steps: [{ id: 'call', type: 'create_task', with: { title: 'Contact {{record.name}}', dueIn: 'P1D' } }],
      },
      {
        code: 'remind_again',
        from: ['REMINDED'],
        to: 'COOLING',
        trigger: { type: 'timeout' },
        steps: [
          {
            id: 'tell',
            type: 'send_notification',
            with: { role: 'manager', title: 'Nobody has contacted {{record.name}} for more than a week' },
          },
        ],
      },
      {
        code: 'give_up',
        from: ['COOLING'],
        to: 'COLD',
        trigger: { type: 'timeout' },
        steps: [{ id: 'tag', type: 'add_tag', with: { tags: ['cold'] } }],
      },
      { code: 'wake_up', description: 'It has come back.', from: ['COLD'], to: 'FRESH', trigger: { type: 'manual' } },
    ],
  } satisfies JsonObject,
};
