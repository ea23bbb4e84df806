import { isEmail } from 'class-validator';
import { AutomationError, type Problem } from '../../core/errors.js';
import { isJsonObject, type Json } from '../../core/json.js';
import { addressparser } from '../libraries.js';

/** One mailbox. `name` may be empty. */
export interface MailAddress {
  name: string;
  address: string;
}

/** Recipients of one message, all fields together. */
export const MOST_RECIPIENTS = 50;

/**
 * Reads addresses: one text (`ann@acme.test`, `Ann <ann@acme.test>`, several with commas), an object `{name, address}`, or
 * a list of these. The result holds every address once. Throws `mail_address_invalid` with what is wrong.
 */
export function parseAddresses(value: Json | undefined, field: string): MailAddress[] {
  const found = new Map<string, MailAddress>();
  for (const entry of entriesOf(value)) {
    for (const mailbox of readEntry(entry, field)) {
      const key = mailbox.address.toLowerCase();
      if (!found.has(key)) {
        found.set(key, mailbox);
      }
    }
  }
  return [...found.values()];
}

/** What is wrong with addresses as written in a definition; for values without `{{…}}`. */
export function addressProblems(value: Json, field: string): Problem[] {
  try {
    parseAddresses(value, field);
    return [];
  } catch (error) {
    return [{ path: field, message: (error as AutomationError).message }];
  }
}

/** The entries of a value that may be one or several; nothing for null and empty texts. */
export function entriesOf(value: Json | undefined): Json[] {
  const list = Array.isArray(value) ? value : [value ?? null];
  return list.filter((entry) => entry !== null && !(typeof entry === 'string' && entry.trim() === ''));
}

function readEntry(entry: Json, field: string): MailAddress[] {
  if (isJsonObject(entry)) {
    const { address, name } = entry;
    if (typeof address !== 'string' || (name !== undefined && name !== null && typeof name !== 'string')) {
      throw addressInvalid(field, 'an address object has the texts `address` and, if wanted, `name`');
    }
    return [checkedMailbox({ address: address.trim(), name: name ?? '' }, field)];
  }
  if (typeof entry !== 'string') {
    throw addressInvalid(field, 'an address is a text');
  }
  refuseControls(entry, field);
  const mailboxes = addressparser()(entry, { flatten: true });
  if (mailboxes.length === 0) {
    throw addressInvalid(field, `${quoted(entry)} holds no address`);
  }
  return mailboxes.map((mailbox) => checkedMailbox({ name: mailbox.name, address: mailbox.address }, field));
}

/** The mailbox as it may be used. Throws `mail_address_invalid`. */
export function checkedMailbox(mailbox: MailAddress, field: string): MailAddress {
  refuseControls(mailbox.address, field);
  refuseControls(mailbox.name, field);
  // A quoted local part may hold `a@evil.test` or a comma, which mail servers and libraries have read as an address of its own.
  if (mailbox.address.includes('"') || !isEmail(mailbox.address, { require_tld: false, allow_utf8_local_part: true })) {
    throw addressInvalid(field, `${quoted(mailbox.address || mailbox.name)} is not an e-mail address`);
  }
  // Readers would decode it, line breaks and all, although nobody encoded it.
  return { ...mailbox, name: mailbox.name.replaceAll('=?', '= ?') };
}

/** Throws `mail_address_invalid`: a line break in an address would start a header of its own. */
function refuseControls(text: string, field: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(text)) {
    throw addressInvalid(field, `${quoted(text)} holds a line break or another control character`);
  }
}

/** A text as errors show it. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

/** The error for an argument that holds no proper address. */
export function addressInvalid(field: string, reason: string): AutomationError {
  return new AutomationError('mail_address_invalid', `'${field}' cannot be used: ${reason}`, {
    hint: 'Check the address in the step, or the e-mail address on the record that it comes from.',
    problems: [{ path: field, message: reason }],
  });
}
