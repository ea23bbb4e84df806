import type { ComponentType, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Page } from '../../ui/page.js';
import { ErrorPanel, Skeleton } from '../../ui/states.js';

/** The editor is loaded when it is opened: most people who look at lists never do. */
type Pages = typeof import('./pages.js');
let loaded: Pages | null = null;

/** Draws a page of the editor as soon as it is loaded. */
export function EditorPage<Props extends object>({ page, props }: { page: (pages: Pages) => ComponentType<Props>; props: Props }): VNode {
  const [pages, setPages] = useState(loaded);
  const [isLost, setLost] = useState(false);
  useEffect(() => {
    if (pages !== null || isLost) return;
    import('./pages.js').then(
      (module) => {
        loaded = module;
        setPages(module);
      },
      // A release may have replaced the file since the page was opened.
      () => setLost(true),
    );
  }, [pages, isLost]);
  if (pages === null) {
    return (
      <Page title="Workflow">
        {isLost ? (
          <ErrorPanel
            error={{ message: 'The editor could not be loaded.', hint: 'There may be a new release: load the page again.' }}
            retry={() => setLost(false)}
          />
        ) : (
          <Skeleton what="the editor" rows={8} />
        )}
      </Page>
    );
  }
  const Shown = page(pages);
  return <Shown {...props} />;
}
