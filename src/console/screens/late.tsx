import type { ComponentType, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Page } from '../ui/page.js';
import { ErrorPanel, Skeleton } from '../ui/states.js';

interface LateProps<Pages, Props> {
  page: (pages: Pages) => ComponentType<Props>;
  props: Props;
}

/** Returns what draws pages that are loaded when the first of them is opened: who never opens them does not wait for them. */
export function latePages<Pages>(
  load: () => Promise<Pages>,
  title: string,
): <Props extends object>(props: LateProps<Pages, Props>) => VNode {
  let loaded: Pages | null = null;
  return function LatePage({ page, props }) {
    const [pages, setPages] = useState(loaded);
    const [isLost, setLost] = useState(false);
    useEffect(() => {
      if (pages !== null || isLost) return;
      load().then(
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
        <Page title={title}>
          {isLost ? (
            <ErrorPanel
              error={{ message: 'This page could not be loaded.', hint: 'There may be a new release: load it again.' }}
              retry={() => setLost(false)}
            />
          ) : (
            <Skeleton what={title} rows={8} />
          )}
        </Page>
      );
    }
    const Shown = page(pages);
    return <Shown {...props} />;
  };
}
