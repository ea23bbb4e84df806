import type { SkipReason } from './start.js';

/** What each reason of a skipped run means, for people. */
export const SKIP_REASONS: Readonly<Record<SkipReason, string>> = {
  paused: 'The workflow was not active.',
  old_url: 'What called its trigger URL used an address that was replaced.',
  record: 'The record that a delivery is about could not be found or created.',
  trigger: 'The trigger did not match: another field changed, or another stage.',
  misfire: 'It was due while nobody was there to start it, and its trigger skips what was missed.',
  conditions: 'The conditions did not hold; the explanation has each test with the value seen.',
  reentry: 'The workflow may not run again on this record yet.',
  loop: 'It would have started itself again, or the chain of workflows became too long.',
  parent_over: 'The run that was to wait for it waits no more: it was cancelled, or another branch was done first.',
  plan: "The workspace's plan does not give it.",
};
