/** What the step is, and whether the routing transaction itself comes to it. */
export type Kind = 'local, at once' | 'webhook, at once' | 'local step' | 'webhook' | 'mail' | 'webhook that holds' | 'mail that holds';

/** One crash, and the only right outcome. */
export interface Crash {
  kind: Kind;
  /** `before the claim of the run`, `after the commit of the intent`, … or `between acceptance and answer`. */
  at: string;
  /** `<tasks> tasks, <calls> calls, <log>: <status of the run>`; behind `sent back`: after a person has retried it. */
  outcome: string;
  short: boolean;
}

/** Every local effect once, whatever happens. */
const LOCAL = '2 tasks, 0 calls, act succeeded, after succeeded: succeeded';
/** The far side has heard of it once, and the log knows of one attempt. */
const ONCE = '1 tasks, 1 calls, act succeeded, after succeeded: succeeded';
/** The intent was there and its process gone: repeated, and the log says that it may be the second time. */
const REPEATED = (calls: number): string => `1 tasks, ${calls} calls, act lost, act succeeded, after succeeded: succeeded`;
/** The same where a person decides: nothing more is sent until somebody says so. */
const HELD = (calls: number): string => `0 tasks, ${calls} calls, act lost: failed attempt_ambiguous; sent back: ${REPEATED(calls + 1)}`;

/** A process costs a second: mail stands for both far sides in most of them. */
const SHORT: readonly string[] = [
  'local, at once: before the commit of the claim of the event',
  'local, at once: after the commit of the claim of the event',
  'mail: after the commit of the intent',
  'mail: between acceptance and answer',
  'mail that holds: between acceptance and answer',
  'webhook: between acceptance and answer',
];

function crash(kind: Kind, at: string, outcome: string): Crash {
  return { kind, at, outcome, short: SHORT.includes(`${kind}: ${at}`) };
}

const aroundBoth = (what: string): string[] => [`before the ${what}`, `after the ${what}`];

/** The points before anything can have left the house. */
const BEFORE_THE_INTENT = [...aroundBoth('claim of the run'), ...aroundBoth('intent'), 'before the commit of the intent'];

/** From the intent's commit on: by then it is unknown outside, and the log says so, until the result is committed. */
function external(kind: Kind, doubtful: (calls: number) => string): Crash[] {
  return [
    ...BEFORE_THE_INTENT.map((at) => crash(kind, at, ONCE)),
    crash(kind, 'after the commit of the intent', doubtful(kind.endsWith('holds') ? 0 : 1)),
    ...['between acceptance and answer', ...aroundBoth('result'), 'before the commit of the result'].map((at) =>
      crash(kind, at, doubtful(kind.endsWith('holds') ? 1 : 2)),
    ),
    crash(kind, 'after the commit of the result', ONCE),
  ];
}

/** The table of outcomes: every point, for every kind of step. */
export const CRASHES: readonly Crash[] = [
  ...[...aroundBoth('claim of the event'), ...aroundBoth('effect'), ...aroundBoth('commit of the claim of the event')].map((at) =>
    crash('local, at once', at, LOCAL),
  ),
  ...[...aroundBoth('claim of the event'), ...aroundBoth('intent'), 'before the commit of the claim of the event'].map((at) =>
    crash('webhook, at once', at, ONCE),
  ),
  crash('webhook, at once', 'after the commit of the claim of the event', REPEATED(1)),
  ...[...aroundBoth('claim of the run'), ...aroundBoth('effect'), ...aroundBoth('commit of the effect')].map((at) =>
    crash('local step', at, LOCAL),
  ),
  ...external('webhook', REPEATED),
  ...external('mail', REPEATED),
  ...external('webhook that holds', HELD),
  ...external('mail that holds', HELD),
];
