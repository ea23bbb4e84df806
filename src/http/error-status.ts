import type { ErrorCode } from '../core/error-codes.js';

const CODE_BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid_request',
  401: 'unauthenticated',
  403: 'permission_denied',
  404: 'not_found',
  405: 'method_not_allowed',
  413: 'payload_too_large',
  415: 'unsupported_media_type',
  429: 'too_many_requests',
  503: 'unavailable',
};

/** Returns the code for an error of which only the status is known. */
export function codeForStatus(status: number): string {
  return CODE_BY_STATUS[status] ?? `http_${status}`;
}
