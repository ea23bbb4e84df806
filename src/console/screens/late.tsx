import type { ComponentType, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { toastError } from '../ui/live.js';
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
  const useLoaded = loadedOnce(load);
  return function LatePage({ page, props }) {
    const { loaded, isLost, again } = useLoaded();
    if (loaded === null) {
      return (
        <Page title={title}>
          {isLost ? (
            <ErrorPanel
              error={{ message: 'This page could not be loaded.', hint: 'There may be a new release: load it again.' }}
              retry={again}
            />
          ) : (
            <Skeleton what={title} rows={8} />
          )}
        </Page>
      );
    }
    const Shown = page(loaded);
    return <Shown {...props} />;
  };
}

/** Returns what draws a part of a page that is loaded when it is first drawn: a dialog that few open. */
export function latePart<Props extends object>(load: () => Promise<ComponentType<Props>>): (props: Props) => VNode | null {
  const useLoaded = loadedOnce(load);
  return function LatePart(props) {
    const { loaded: Part, isLost } = useLoaded();
    useEffect(() => {
      if (isLost) toastError('This could not be loaded', 'There may be a new release: load the page again.');
    }, [isLost]);
    return Part && <Part {...props} />;
  };
}

/** What is loaded once for all that draw it. */
function loadedOnce<Loaded>(load: () => Promise<Loaded>): () => { loaded: Loaded | null; isLost: boolean; again: () => void } {
  let known: Loaded | null = null;
  return function useLoaded() {
    const [loaded, setLoaded] = useState(() => known);
    const [isLost, setLost] = useState(false);
    useEffect(() => {
      if (loaded !== null || isLost) return;
      load().then(
        (found) => {
          known = found;
          setLoaded(() => found);
        },
        // A release may have replaced the file since the page was opened.
        () => setLost(true),
      );
    }, [loaded, isLost]);
    return { loaded, isLost, again: () => setLost(false) };
  };
}
