import { IsObject, IsOptional, IsString, MaxLength } from 'class-validator';
import { AutomationError, type Problem } from '../core/errors.js';
import { isJsonObject, type Json, type JsonObject } from '../core/json.js';
import { hasExpression } from '../core/template/template.js';
import type { ExternalStep } from './action.js';
import { Describe } from './arguments-schema.js';
import { defineAction } from './define-action.js';
import { addressProblems, entriesOf, type MailAddress, MOST_RECIPIENTS, parseAddresses } from './email/addresses.js';
import { htmlToText } from './email/html-to-text.js';
import { type MailContent, Mailer } from './email/mailer.js';
import { Rule, refuse } from './rules.js';
import { userId } from './users.js';

type Addresses = string | { name?: string; address: string } | (string | { name?: string; address: string })[];

const ADDRESS_FIELDS = ['to', 'cc', 'bcc', 'replyTo'] as const;
const ADDRESS_ENTRY = {
  anyOf: [
    { type: 'string' },
    {
      type: 'object',
      properties: { name: { type: 'string' }, address: { type: 'string' } },
      required: ['address'],
      additionalProperties: false,
    },
  ],
};
const ADDRESSES = { anyOf: [...ADDRESS_ENTRY.anyOf, { type: 'array', items: ADDRESS_ENTRY, maxItems: MOST_RECIPIENTS }] };

function addressShape(value: unknown): string | null {
  const entries = entriesOf(value as Json);
  const fits = entries.every((entry) => typeof entry === 'string' || (isJsonObject(entry) && typeof entry.address === 'string'));
  return fits ? null : 'must be an address, an object with name and address, or a list of these';
}

/** What send_email takes. */
class SendEmailArguments {
  @Describe(
    "Who gets it: an address, several with commas, a list, or `owner` / `actor` for the record's owner and whoever caused the event. An expression between other text is one name or one address; one that is the whole value may be several.",
    {
      example: '{{record.email}}',
    },
  )
  @Rule('isAddresses', ADDRESSES, addressShape)
  to!: Addresses;

  @Describe('The name of a template; without one, give subject and html or text.', { example: 'welcome', control: 'mail-template' })
  @IsOptional()
  @IsString()
  template?: string;

  @Describe('Further variables for the template, beside those of the run.')
  @IsOptional()
  @IsObject()
  data?: JsonObject;

  @Describe('The subject. With a template: instead of the one that the template has.')
  @IsOptional()
  @IsString()
  @MaxLength(998)
  subject?: string;

  @Describe('The message as HTML. What expressions insert is escaped.', { control: 'html' })
  @IsOptional()
  @IsString()
  html?: string;

  @Describe('The message as text. Default: made of the HTML.', { control: 'text' })
  @IsOptional()
  @IsString()
  text?: string;

  @Describe('Who gets a copy that everyone sees.')
  @IsOptional()
  @Rule('isAddresses', ADDRESSES, addressShape)
  cc?: Addresses;

  @Describe('Who gets a copy that nobody else sees.')
  @IsOptional()
  @Rule('isAddresses', ADDRESSES, addressShape)
  bcc?: Addresses;

  @Describe('Where answers go.')
  @IsOptional()
  @Rule('isAddresses', ADDRESSES, addressShape)
  replyTo?: Addresses;
}

/** Sends an e-mail, by a template or written in the step. */
export const sendEmail = defineAction({
  type: 'send_email',
  label: 'Send email',
  description: 'Sends an e-mail, by a template or with a message of its own.',
  effect: 'external',
  arguments: SendEmailArguments,
  formats: { html: 'html', to: 'address', cc: 'address', bcc: 'address', replyTo: 'address' },
  output: { messageId: 'text', accepted: 'list', rejected: 'list' },
  check: (args, { inject }) => [
    ...ADDRESS_FIELDS.flatMap((field) => literalAddressProblems(args[field], field)),
    ...(args.to !== undefined && entriesOf(args.to).length === 0 ? [{ path: 'to', message: 'names nobody' }] : []),
    ...contentProblems(args),
    ...templateNameProblems(args.template, inject?.(Mailer).templates.known ?? null),
  ],
  async execute(args, step) {
    const mailer = step.inject(Mailer);
    const sent = await mailer.send(await composed(args, step, mailer), {
      workspaceId: step.workspaceId,
      idempotencyKey: step.idempotencyKey,
      signal: step.signal,
      timeoutMs: step.timeoutMs,
    });
    return { messageId: sent.messageId, accepted: sent.accepted, rejected: sent.rejected };
  },
  async preview(args, step) {
    const mailer = step.inject(Mailer);
    return { kind: 'mail', ...mailer.preview(await composed(args, step, mailer)) };
  },
});

async function composed(args: SendEmailArguments, step: ExternalStep, mailer: Mailer): Promise<MailContent> {
  refuse(contentProblems(args as unknown as JsonObject));
  const [to, cc, bcc, replyTo] = await Promise.all(ADDRESS_FIELDS.map((field) => mailboxes(args[field] as Json | undefined, field, step)));
  return { to: to ?? [], cc, bcc, replyTo, ...(await contentOf(args, step, mailer)) };
}

/** A template, or subject with html or text; never both. */
function contentProblems(args: JsonObject): Problem[] {
  if (args.template !== undefined && args.template !== null) {
    return (['html', 'text'] as const)
      .filter((name) => args[name] !== undefined && args[name] !== null)
      .map((name) => ({ path: name, message: 'a template brings its own message: leave this out, or leave out template' }));
  }
  return [
    ...((args.html ?? args.text ?? null) === null ? [{ path: 'template', message: 'give a template, or html or text' }] : []),
    ...((args.subject ?? null) === null ? [{ path: 'subject', message: 'a message without a template needs a subject' }] : []),
    ...((args.data ?? null) === null ? [] : [{ path: 'data', message: 'data is for templates: in html and text, use expressions' }]),
  ];
}

async function contentOf(
  args: SendEmailArguments,
  step: ExternalStep,
  mailer: Mailer,
): Promise<{ subject: string; text: string; html?: string }> {
  if (args.template === undefined || args.template === null) {
    const html = args.html ?? undefined;
    return { subject: args.subject ?? '', text: args.text ?? htmlToText(html ?? ''), ...(html === undefined ? {} : { html }) };
  }
  // the run's variables win: a template that says record.email means the record's
  const variables = { ...args.data, ...(step.scope as unknown as JsonObject), ...(args.subject ? { subject: args.subject } : {}) };
  const rendered = await mailer.templates.render(args.template, variables);
  const subject = args.subject ?? rendered.subject;
  if (!subject) {
    throw new AutomationError('mail_subject_missing', `The template '${args.template}' has no subject, and the step gives none`, {
      hint: "Give the step a subject, or put 'subject:' at the head of the template.",
    });
  }
  return { subject, text: rendered.text, html: rendered.html };
}

async function mailboxes(value: Json | undefined, field: string, step: ExternalStep): Promise<MailAddress[]> {
  const entries = await Promise.all(entriesOf(value).map(async (entry) => (isPerson(entry) ? personsMailbox(entry, step) : entry)));
  return parseAddresses(entries, field);
}

function isPerson(entry: Json): entry is 'owner' | 'actor' {
  return entry === 'owner' || entry === 'actor';
}

/** The mailbox of the record's owner, or of the person whose doing started the run. */
async function personsMailbox(person: 'owner' | 'actor', step: ExternalStep): Promise<Json> {
  const id = person === 'actor' ? (step.scope.actor.type === 'user' ? step.scope.actor.id : null) : await ownerId(step);
  const [user] = typeof id === 'string' ? await step.crm.findUsers({ ids: [id] }) : [];
  if (!user?.email) {
    const reason = id === null ? `there is no ${person}` : `the ${person} ${String(id)} is not an active user with an e-mail address`;
    throw new AutomationError('mail_address_invalid', `'${person}' cannot get the message: ${reason}`, {
      hint: 'Assign an owner first (assign_owner), or give the address in the step.',
    });
  }
  return { name: user.name, address: user.email };
}

/** The owner at this moment: an earlier step of the run may just have assigned one. */
async function ownerId(step: ExternalStep): Promise<Json> {
  const field = step.module?.ownerField;
  const record = field && step.record ? await step.crm.getRecord(step.record) : null;
  return field ? userId(record?.[field]) : null;
}

function literalAddressProblems(value: Json | undefined, field: string): Problem[] {
  if (value === undefined || addressShape(value) !== null) {
    // a wrong shape is reported by the class
    return [];
  }
  return entriesOf(value)
    .filter((entry) => !isPerson(entry) && !hasExpression(typeof entry === 'string' ? entry : JSON.stringify(entry)))
    .flatMap((entry) => addressProblems(entry, field));
}

function templateNameProblems(name: Json | undefined, known: readonly string[] | null): Problem[] {
  if (known === null || typeof name !== 'string' || hasExpression(name) || known.includes(name)) {
    return [];
  }
  return [{ path: 'template', message: `there is no template '${name}'; there are ${known.join(', ')}` }];
}
