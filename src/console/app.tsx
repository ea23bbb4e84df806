import './app.css';
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { onUnauthenticated } from './api/client.js';
import { useMe } from './api/me.js';
import { queries } from './api/query.js';
import type { Me, Permission } from './api/types.js';
import { Foot } from './frame/foot.js';
import { Navigation } from './frame/navigation.js';
import { SignInDialog, SignInPage } from './frame/sign-in.js';
import { screenOf } from './screens/index.js';
import { LiveRegion } from './ui/live.js';
import { usePlace } from './ui/location.js';
import { Page } from './ui/page.js';
import { Pending } from './ui/pending.js';
import { Banner, EmptyState } from './ui/states.js';
import { zones } from './ui/time.js';

/** The page: who is reading, the frame around all screens, and the screen of the address. */
export function App(): VNode {
  const me = useMe();
  const [isSignedOut, setSignedOut] = useState(false);
  useEffect(() => onUnauthenticated(() => setSignedOut(true)), []);
  useEffect(() => {
    if (me.data) zones.set({ ...zones.get(), workspace: me.data.timezone });
  }, [me.data]);

  const signedIn = (): void => {
    setSignedOut(false);
    // Not reset: what is on the page stays, unsaved text included.
    void queries.invalidateQueries();
  };
  if (!me.data) {
    if (me.error?.status === 401) return <SignInPage onSignedIn={signedIn} />;
    return (
      <Plain>
        <Pending asked={me} what="the console" rows={3} />
      </Plain>
    );
  }
  return (
    <>
      <Frame me={me.data} />
      {/* What somebody is writing stays on the page behind it. */}
      {isSignedOut && <SignInDialog onSignedIn={signedIn} />}
    </>
  );
}

/** The page before anybody is known. */
function Plain({ children }: { children: ComponentChildren }): VNode {
  return (
    <main class="plain">
      <h1 class="visually-hidden">Automation</h1>
      {children}
    </main>
  );
}

function Frame({ me }: { me: Me }): VNode {
  const { segments } = usePlace();
  const main = useRef<HTMLElement>(null);
  const path = segments.join('/');
  const before = useRef(path);
  useEffect(() => {
    // Not at the first page, which begins at its beginning anyway.
    if (before.current !== path) main.current?.focus({ preventScroll: true });
    before.current = path;
  }, [path]);
  return (
    <div class="frame">
      <button type="button" class="skip-link" onClick={() => main.current?.focus()}>
        Skip to content
      </button>
      <Navigation me={me} />
      <div class="frame-content">
        <Offline />
        <main id="main" ref={main} tabIndex={-1}>
          <Screen me={me} />
        </main>
        <Foot me={me} />
      </div>
      <LiveRegion />
    </div>
  );
}

function Screen({ me }: { me: Me }): VNode {
  const { segments } = usePlace();
  const screen = screenOf(segments);
  if (screen === null) {
    return (
      <Page title="Nothing here">
        <EmptyState icon="question" title="There is no such page">
          <span>The address may be incomplete, or from another release.</span>
        </EmptyState>
      </Page>
    );
  }
  if (screen.permission !== null && !me.permissions.includes(screen.permission)) return <Refused permission={screen.permission} />;
  return screen.draw();
}

function Refused({ permission }: { permission: Permission }): VNode {
  return (
    <Page title="Not for you">
      <EmptyState icon="person" title={`This page takes the permission automation:${permission}`}>
        <span>Whoever looks after permissions in your CRM can give it to you.</span>
      </EmptyState>
    </Page>
  );
}

function Offline(): VNode | null {
  const [isOffline, setOffline] = useState(!navigator.onLine);
  useEffect(() => {
    const look = (): void => setOffline(!navigator.onLine);
    addEventListener('online', look);
    addEventListener('offline', look);
    return () => {
      removeEventListener('online', look);
      removeEventListener('offline', look);
    };
  }, []);
  if (!isOffline) return null;
  return (
    <Banner tone="warn" icon="warning">
      <strong>No connection</strong>
      <span>What is shown is from before. It goes on by itself when the connection is back.</span>
    </Banner>
  );
}
