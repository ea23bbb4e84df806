import type { VNode } from 'preact';
import { countWords } from '../../model/words.js';
import { Mark } from '../../ui/status.js';

/** What a draft is beside what is published of it. */
interface Standing {
  version: number | null;
  hasUnpublishedChanges: boolean;
  problemCount: number;
}

/** What is published, whether the draft is something else, and what keeps it from being published. */
export function DraftMarks({ item: { version, hasUnpublishedChanges, problemCount } }: { item: Standing }): VNode {
  return (
    <>
      {version !== null && <span>v{version}</span>}
      {hasUnpublishedChanges && version !== null && (
        <Mark icon="pencil" tone="info">
          unpublished changes
        </Mark>
      )}
      {problemCount > 0 && (
        <Mark icon="warning" tone="bad">
          {countWords(problemCount, 'problem')}
        </Mark>
      )}
    </>
  );
}
