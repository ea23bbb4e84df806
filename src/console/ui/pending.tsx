import type { VNode } from 'preact';
import { nameWords } from '../model/words.js';
import { Page } from './page.js';
import { EmptyState, ErrorPanel, Skeleton, type ToldError } from './states.js';

/** What is asked of the API, as far as what stands in its place needs it. */
export interface Awaited {
  error: { status: number; body: ToldError } | null;
  refetch: () => unknown;
}

/** What keeps an answer from being shown, or from being shown anew. */
export function AskedError({ asked }: { asked: Awaited }): VNode | null {
  return asked.error && <ErrorPanel error={asked.error.body} retry={() => void asked.refetch()} />;
}

/** What stands in the place of an answer until it is there. */
export function Pending({ asked, what, rows = 6 }: { asked: Awaited; what: string; rows?: number }): VNode {
  return asked.error ? <AskedError asked={asked} /> : <Skeleton what={what} rows={rows} />;
}

interface PendingPageProps {
  asked: Awaited;
  /** What the page is about: `run`. */
  thing: string;
  back: { href: string; label: string };
  /** What is said when there is none of this id, and what may be the reason. */
  missing: string;
  hint?: string;
}

/** A page until what it is about is there, or when it is not. */
export function PendingPage({ asked, thing, back, missing, hint }: PendingPageProps): VNode {
  const isMissing = asked.error?.status === 404;
  return (
    <Page title={isMissing ? `No such ${thing}` : nameWords(thing)} back={back}>
      {isMissing ? (
        <EmptyState icon="question" title={missing}>
          {hint && <span>{hint}</span>}
        </EmptyState>
      ) : (
        <Pending asked={asked} what={`the ${thing}`} />
      )}
    </Page>
  );
}
