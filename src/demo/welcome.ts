import type { RunningDemo } from './demo-app.js';

/** What the start-up says: what runs where, and what to try. */
export function welcome({ origin, smtpPort, installed, machines }: RunningDemo): string {
  const signIn = (token: string): string => `${origin}/automation/console#token=${token}`;
  const auth = `-H 'Authorization: Bearer demo-admin'`;
  return `
The demo CRM is running. Open the console:

  as the admin    ${signIn('demo-admin')}
  as support      ${signIn('demo-support')}
  as a member     ${signIn('demo-member')}
  as a manager    ${signIn('demo-manager')}

And underneath:

  CRM             ${origin}/crm/{leads,opportunities,contacts,accounts,tasks,invoices}
                  ${origin}/crm/{users,stages,notifications}
  Automation API  ${origin}/automation        docs: ${origin}/automation/docs
  Mail server     127.0.0.1:${smtpPort} (SMTP)       caught mail: ${origin}/crm/mailbox
  Webhook sink    POST ${origin}/crm/sink     what arrived: GET ${origin}/crm/sink
  The partner     POST ${origin}/crm/partner/{export,import}
  Tokens          demo-admin, demo-support, demo-member, demo-manager (workspace acme), demo-rival (workspace rival)
  Events          leads, opportunities, invoices: automation.publish in the CRM's own transaction
                  contacts, accounts, tasks: EventEmitter2 (contacts.created, task.completed, …)
  State machines  ${machines.length > 0 ? `${machines.join(', ')}: active` : 'as you left them'}
  Workflows       ${installed.length > 0 ? `${installed.length} recipe${installed.length === 1 ? '' : 's'} installed and active:\n${installed.map((name) => `                  - ${name}`).join('\n')}` : 'as you left them'}

Try it:

  1. A lead fills in the web form:

     curl -s ${origin}/crm/leads ${auth} -H 'Content-Type: application/json' \\
       -d '{"name":"Nora Berg","email":"nora@example.com","company":"Fjord AS","source":"Web Form"}'

  2. The welcome mail that it got:

     curl -s ${origin}/crm/mailbox ${auth}

  3. What ran, and with which result (add /<id> for every step):

     curl -s ${origin}/automation/runs ${auth}

  Then break the mail server, create another lead and look at the failed run; repair it with "off", and retry:

     curl -s ${origin}/crm/mailbox/outage ${auth} -H 'Content-Type: application/json' -d '{"mode":"reject"}'
     curl -s ${origin}/automation/runs/<id>/retry ${auth} -H 'Content-Type: application/json' \\
       -d '{"from":"failed_step","reason":"The mail server is back"}'

Ctrl-C stops everything.`;
}
