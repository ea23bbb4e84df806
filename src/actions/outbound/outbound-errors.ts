import { AutomationError } from '../../core/errors.js';

/** Certificates that a person has to repair: trying again gives the same answer. */
const CERTIFICATE =
  /^(CERT_|ERR_TLS_CERT|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY)|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)/;
const DNS: ReadonlySet<string> = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA', 'ESERVFAIL', 'ETIMEOUT']);
const TIMEOUT: ReadonlySet<string> = new Set(['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

/** Failures before a byte of the request has left: nobody can have acted on it. */
const NOT_CONNECTED: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** True for the code of a certificate that was not accepted. */
export function isCertificateError(code: string): boolean {
  return CERTIFICATE.test(code);
}

/** What an exception of a call means to the person who reads the log, and whether trying again can help. */
export function asOutboundError(error: unknown, target: string): AutomationError {
  const cause = innermost(error);
  if (cause instanceof AutomationError) {
    return cause;
  }
  const code = codeOf(cause);
  const more = { cause: error, details: { target, ...(code ? { reason: code } : {}) } };
  const transient = { kind: 'transient' } as const;
  if (DNS.has(code)) {
    return new AutomationError('outbound_dns_failed', `The host of ${target} was not found`, {
      ...more,
      hint: 'Check the spelling of the host; if it is right, its name service may be down.',
      retry: transient,
    });
  }
  if (TIMEOUT.has(code)) {
    return timedOut(target, error, NOT_CONNECTED.has(code));
  }
  if (isCertificateError(code)) {
    return new AutomationError('outbound_tls_failed', `The certificate of ${target} was not accepted (${code})`, {
      ...more,
      hint: 'The receiver must renew or repair its certificate. Nothing was sent.',
    });
  }
  if (isNotHttp(cause) || code === 'UND_ERR_HEADERS_OVERFLOW') {
    return new AutomationError('outbound_response_invalid', `${target} answered with something that is not a proper HTTP response`, {
      ...more,
      hint: 'The receiver may have got the request. Check the address, and whether another kind of service listens there.',
    });
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) {
    return new AutomationError('outbound_tls_failed', `No secure connection to ${target} could be made`, {
      ...more,
      hint: 'Check that the receiver speaks HTTPS at this address and port.',
      retry: transient,
    });
  }
  return new AutomationError('outbound_connection_failed', `The connection to ${target} failed${code ? ` (${code})` : ''}`, {
    ...more,
    hint: 'The receiver is down, refuses the connection or dropped it before it answered.',
    retry: NOT_CONNECTED.has(code) ? transient : { kind: 'ambiguous' },
  });
}

/** The call took longer than it may; whether the receiver acted on it is unknown, unless no connection was made. */
export function timedOut(target: string, cause?: unknown, notConnected = false): AutomationError {
  return new AutomationError('outbound_timeout', `${target} did not answer in time`, {
    hint: notConnected
      ? 'No connection was made in that time; nothing was sent. The receiver may be down, or behind a firewall.'
      : 'The receiver is slow or hangs. It may have acted on the request: the next attempt carries the same id.',
    details: { target },
    retry: { kind: notConnected ? 'transient' : 'ambiguous' },
    cause,
  });
}

/** Follows causes and the first of several errors (one for each address tried) to the one that tells most. */
function innermost(error: unknown): unknown {
  let found = error;
  for (let depth = 0; depth < 5; depth += 1) {
    const { cause, errors } = (found ?? {}) as { cause?: unknown; errors?: unknown };
    const next = Array.isArray(errors) ? (errors[0] as unknown) : codeOf(found) === '' ? cause : undefined;
    if (found instanceof AutomationError || typeof next !== 'object' || next === null) {
      break;
    }
    found = next;
  }
  return found;
}

/** undici's parser gives a code for some faults only. */
function isNotHttp(error: unknown): boolean {
  return codeOf(error).startsWith('HPE_') || (error as { name?: unknown } | null | undefined)?.name === 'HTTPParserError';
}

// by shape, not by instanceof: errors may come from another realm (workers, test runners)
function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : '';
}
