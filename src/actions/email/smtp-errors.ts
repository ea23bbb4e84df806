import type { NodemailerError } from 'nodemailer';
import type { ErrorCode } from '../../core/error-codes.js';
import { AutomationError, type AutomationErrorOptions } from '../../core/errors.js';
import type { JsonObject } from '../../core/json.js';
import { isCertificateError } from '../outbound/outbound-errors.js';

const TRANSIENT: AutomationErrorOptions = { retry: { kind: 'transient' } };

/** How far the message had come when the error happened. */
export interface SendProgress {
  /** True once the whole message, its final dot included, was handed to the connection. */
  handedOver: boolean;
}

/**
 * What a failed send means to the person who reads the log, and whether trying again can help. Only an answer of the
 * server settles the matter: once the whole message is out, a lost connection leaves open whether it was taken.
 */
export function asMailError(error: unknown, progress: SendProgress): AutomationError {
  if (error instanceof AutomationError) {
    return error;
  }
  const failure = (typeof error === 'object' && error !== null ? error : new Error(String(error))) as NodemailerError;
  const details = detailsOf(failure);
  const make = (code: ErrorCode, message: string, hint: string, options: AutomationErrorOptions = {}) =>
    new AutomationError(code, message, { hint, details, cause: failure, ...options });
  if (failure.responseCode !== undefined) {
    return answered(failure, failure.responseCode, make);
  }
  if (progress.handedOver) {
    return make(
      'smtp_outcome_unknown',
      'The mail server got the whole message, but the connection was lost before it said whether it took it',
      'The recipient may have the message already. Every attempt carries the same Message-ID, by which many mail systems drop a repetition.',
      { retry: { kind: 'ambiguous' } },
    );
  }
  return unanswered(failure, make);
}

type Make = (code: ErrorCode, message: string, hint: string, options?: AutomationErrorOptions) => AutomationError;

/** The server answered with an error: 4xx may pass, 5xx will not. */
function answered(failure: NodemailerError, status: number, make: Make): AutomationError {
  const said = failure.response ?? String(status);
  const options = status < 500 ? TRANSIENT : {};
  const command = failure.command ?? '';
  if (failure.code === 'EAUTH' || command.startsWith('AUTH') || [530, 534, 535, 538].includes(status)) {
    return make(
      'smtp_auth_failed',
      `The mail server refused the login: ${said}`,
      'Check the user name and password of the mail transport in the host application.',
      options,
    );
  }
  if (status < 500) {
    const busy = status === 421;
    return make(
      busy ? 'smtp_unavailable' : 'smtp_deferred',
      busy ? `The mail server is not available right now: ${said}` : `The mail server put the message off: ${said}`,
      'This usually passes by itself. If it lasts, ask whoever runs the mail server.',
      TRANSIENT,
    );
  }
  if (command === 'RCPT TO') {
    return make(
      'smtp_rejected_recipient',
      `The mail server refuses the recipient: ${said}`,
      'Check the e-mail address on the record: it may be misspelt or no longer exist. Correct it and retry the run.',
    );
  }
  if (command === 'MAIL FROM') {
    return make(
      'smtp_rejected_sender',
      `The mail server refuses the sender: ${said}`,
      'The from address of the mail settings must be one that this mail server may send for.',
    );
  }
  if (command === 'DATA' || failure.code === 'EMESSAGE') {
    return make(
      'smtp_rejected_message',
      `The mail server refuses the message: ${said}`,
      'It may look like spam to the server, be too large, or break one of its rules; its answer says which.',
    );
  }
  return make(
    'smtp_refused',
    `The mail server refuses to serve us: ${said}`,
    'Ask whoever runs the mail server whether this machine may send through it.',
  );
}

/** No answer, and the message was not out completely: it was not delivered. */
function unanswered(failure: NodemailerError, make: Make): AutomationError {
  const original = originalCode(failure);
  switch (failure.code === 'ESTREAM' ? original : failure.code) {
    case 'EAUTH':
    case 'ENOAUTH':
    case 'EOAUTH2':
      return make(
        'smtp_auth_failed',
        `The login to the mail server failed: ${failure.message}`,
        'Check the user name, password and login method of the mail transport in the host application.',
      );
    case 'EABORT':
      return make(
        'smtp_timeout',
        'Sending took longer than the step may take',
        'The mail server is slow or hangs. The message was not sent.',
        TRANSIENT,
      );
    case 'ETIMEDOUT':
      return make(
        'smtp_timeout',
        `The mail server did not answer in time: ${failure.message}`,
        'The mail server is slow, hangs, or is behind a firewall. The message was not sent.',
        TRANSIENT,
      );
    case 'EDNS':
      return make(
        'smtp_unreachable',
        'The host of the mail server was not found',
        'Check the host name in the mail settings; if it is right, the name service may be down.',
        TRANSIENT,
      );
    case 'EENVELOPE':
    case 'EMAXRECIPIENTS':
    case 'EMESSAGE':
      return make('mail_invalid', `The message cannot be sent: ${failure.message}`, 'Check the recipients and the size of the message.');
    case 'ECONFIG':
    case 'EREQUIRETLS':
    case 'EFILEACCESS':
    case 'EURLACCESS':
      return make('mail_invalid', `The message cannot be sent: ${failure.message}`, 'Check the mail settings of the host application.');
  }
  if (isCertificateError(original) || /certificate/i.test(failure.message)) {
    return make(
      'smtp_tls_failed',
      `The certificate of the mail server was not accepted: ${failure.message}`,
      'The certificate must be renewed, or its authority be trusted in the mail settings (tls.ca).',
    );
  }
  if (failure.code === 'ETLS' || original === 'EPROTO' || original.startsWith('ERR_SSL')) {
    return make(
      'smtp_tls_failed',
      `No secure connection to the mail server could be made: ${failure.message}`,
      'Check port and secure in the mail settings: 465 is secure from the start, 587 is not.',
      TRANSIENT,
    );
  }
  if (['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL', 'ENOTFOUND'].includes(original)) {
    return make(
      'smtp_unreachable',
      `The mail server cannot be reached (${original})`,
      'It is down, or host and port in the mail settings are wrong.',
      TRANSIENT,
    );
  }
  if (failure.code === 'EPROTOCOL') {
    return make(
      'smtp_protocol_error',
      `What answered is not a mail server: ${failure.message}`,
      'Check host and port in the mail settings.',
      TRANSIENT,
    );
  }
  if (failure.code === 'ECONNECTION' || failure.code === 'ESOCKET') {
    return make(
      'smtp_connection_lost',
      'The mail server closed the connection before it had the message',
      'The message was not sent. If it lasts, look at the mail server.',
      TRANSIENT,
    );
  }
  return make(
    'mail_failed',
    `The message could not be sent: ${failure.message}`,
    'The mail transport of the host application failed; its message says how.',
    TRANSIENT,
  );
}

function originalCode(failure: NodemailerError): string {
  const { originalCode: wrapped, code } = failure as { originalCode?: unknown; code?: unknown };
  return typeof wrapped === 'string' ? wrapped : typeof code === 'string' ? code : '';
}

function detailsOf(failure: NodemailerError): JsonObject {
  const rejections = (failure.rejectedErrors ?? []).map((each) => ({
    address: each.recipient ?? '',
    response: each.response ?? each.message,
  }));
  return {
    ...(failure.responseCode === undefined ? {} : { smtpStatus: failure.responseCode }),
    ...(failure.response === undefined ? {} : { smtpResponse: failure.response.slice(0, 1000) }),
    ...(failure.command === undefined ? {} : { smtpCommand: failure.command }),
    ...(rejections.length === 0 ? {} : { rejections }),
  };
}
