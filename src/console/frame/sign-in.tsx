import './sign-in.css';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { hasToken, keepToken } from '../api/client.js';
import { settings } from '../settings.js';
import { Button } from '../ui/button.js';
import { Dialog } from '../ui/dialog.js';
import { Field } from '../ui/field.js';
import { useTitle } from '../ui/page.js';

const UNKNOWN = 'The application does not know this token.';

/** The page for somebody whom the application does not know. */
export function SignInPage({ onSignedIn }: { onSignedIn: () => void }): VNode {
  useTitle('Sign in');
  return (
    <main class="plain">
      <div class="card card-padded sign-in">
        <h1>Sign in</h1>
        <Ways onSignedIn={onSignedIn} />
      </div>
    </main>
  );
}

/** The same while somebody is at work: their session is over, and what they are writing is not lost. */
export function SignInDialog({ onSignedIn }: { onSignedIn: () => void }): VNode {
  return (
    <Dialog title="Sign in again" onClose={() => undefined}>
      <p>The application does not know you any more. What you were doing is still on the page behind this.</p>
      <Ways onSignedIn={onSignedIn} />
    </Dialog>
  );
}

function Ways({ onSignedIn }: { onSignedIn: () => void }): VNode {
  const { signInUrl, tokenInput } = settings();
  const [token, setToken] = useState('');
  const [problem, setProblem] = useState<string | null>(hasToken() ? UNKNOWN : null);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (token.trim() === '') {
      setProblem('A token is needed.');
      return;
    }
    keepToken(token.trim());
    setProblem(UNKNOWN);
    onSignedIn();
  };
  return (
    <>
      {signInUrl !== null && (
        <a class="button button-primary" href={signInUrl.replace('{returnTo}', encodeURIComponent(location.href))} target="_top">
          Sign in to the CRM
        </a>
      )}
      {tokenInput && (
        <form class="stack" onSubmit={submit}>
          <Field label="Bearer token" problem={problem} hint="It is kept in this tab alone.">
            {(control) => (
              <input
                {...control}
                class="input mono"
                autocomplete="off"
                spellcheck={false}
                value={token}
                onInput={(event) => setToken(event.currentTarget.value)}
              />
            )}
          </Field>
          <Button type="submit" kind={signInUrl === null ? 'primary' : 'plain'}>
            Use this token
          </Button>
        </form>
      )}
      {signInUrl === null && !tokenInput && <p>Sign in to the CRM in this browser, then load this page again.</p>}
      <Button kind="quiet" icon="refresh" onClick={onSignedIn}>
        Try again
      </Button>
    </>
  );
}
