import type { VNode } from 'preact';
import { useAsk } from '../../api/query.js';
import type { TaskPage } from '../../api/types.js';
import { LinkButton } from '../../ui/button.js';

/** Leads on to what is due next for the reader; it opens when they ask for it, not by itself. */
export function NextTask({ after }: { after: string }): VNode | null {
  const asked = useAsk<TaskPage>('tasks', { query: { mine: 'true', limit: 2 } });
  if (asked.data === undefined) return null;
  const next = asked.data.items.find(({ id }) => id !== after);
  return next ? (
    <LinkButton icon="arrow" href={`tasks/${next.id}`}>
      Next: {next.title}
    </LinkButton>
  ) : (
    <span class="quiet">Nothing else is asked of you.</span>
  );
}
