import { ERROR_CODES, type ErrorCode } from './error-codes.js';

/** What one can do about an error of a status, where its code has no hint of its own. */
const BY_STATUS: Readonly<Record<number, string>> = {
  400: 'Correct the request where `problems` says.',
  401: 'Sign in again.',
  402: 'Ask for a larger plan, or use less of this one.',
  403: 'Ask somebody who has the permission.',
  404: 'Check the id: there is none such in this workspace.',
  405: 'Use a method that the route has.',
  408: 'Send the body faster, or less of it.',
  410: 'Ask whoever gave you the address for a new one.',
  409: 'Load it again, and see what has changed.',
  413: 'Send less at once.',
  415: 'Send JSON in UTF-8.',
  422: 'Correct what the message names, and try again.',
  429: 'Try again after the time in `Retry-After`.',
  500: "For the application's developers: the log has more.",
  501: 'For the application’s developers: something is not installed.',
  502: 'The far side failed: retry when it is well again.',
  503: 'Try again after the time in `Retry-After`.',
  504: 'The far side took too long: retry later, or give the step more time.',
};

const BY_CODE: Partial<Readonly<Record<ErrorCode, string>>> = {
  access_not_configured: "For the application's developers: give the module the option `access`.",
  revision_conflict: 'Load the workflow again and repeat your edit on top.',
  code_taken: 'Choose another code.',
  workflow_has_active_runs: 'Wait for its runs, or cancel them; or archive the workflow.',
  workflow_archived: 'Restore the workflow first, or make a copy of it.',
  run_already_retried: 'Somebody was faster: look at the run that goes on.',
  run_skipped: 'Start the workflow by hand on the record instead.',
  definition_invalid: 'Correct what the problems name, save the draft and publish again.',
  mail_not_configured: "For the application's developers: give the module the option `mail`.",
  wait_answered: 'Nothing is to be done: what was sent first counts.',
  links_not_configured: "For the application's developers: give the module the options `publicUrl` and `secret`.",
  not_available: 'The CRM cannot list these: write the id in by hand.',
  smtp_outcome_unknown: 'See whether the mail has arrived before you retry.',
  stage_unknown: 'Choose a stage of the pipeline of the record.',
  user_unknown: 'Choose somebody who is active in the workspace.',
};

/** Returns what one can do about an error of this code. */
export function hintOf(code: ErrorCode): string {
  return BY_CODE[code] ?? (BY_STATUS[ERROR_CODES[code]] as string);
}
