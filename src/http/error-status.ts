/** Which status goes with the code of an AutomationError. A code that is not here was not meant for the API: 500. */
export const STATUS_BY_CODE: Readonly<Record<string, number>> = {
  invalid_request: 400,
  invalid_json: 400,
  unauthenticated: 401,
  access_not_configured: 403,
  caller_invalid: 403,
  permission_denied: 403,
  workflow_not_found: 404,
  run_not_found: 404,
  event_not_found: 404,
  revision_conflict: 409,
  code_taken: 409,
  workflow_has_active_runs: 409,
  workflow_not_active: 409,
  workflow_not_published: 409,
  workflow_archived: 409,
  workflow_deleted: 409,
  run_not_failed: 409,
  run_not_finished: 409,
  run_already_retried: 409,
  run_skipped: 409,
  run_finished: 409,
  event_expired: 409,
  payload_too_large: 413,
  unsupported_media_type: 415,
  definition_invalid: 422,
  not_started: 503,
  database_unavailable: 503,
};

const CODE_BY_STATUS: Readonly<Record<number, string>> = {
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

/** The code for an error of which only the status is known. */
export function codeForStatus(status: number): string {
  return CODE_BY_STATUS[status] ?? `http_${status}`;
}
