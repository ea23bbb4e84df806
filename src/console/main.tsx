import './styles/tokens.css';
import './styles/base.css';
import { render } from 'preact';
import { keepToken } from './api/client.js';
import { App } from './app.js';
import { startLocation } from './ui/location.js';
import { applyPreferences } from './ui/preferences.js';

/**
 * A token that the host, or a link of the demo, has put behind the address: `…#token=…`. That part never reaches a server;
 * it is read once, and taken out of the address before anybody can copy it.
 */
function takeToken(): boolean {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token === null) return false;
  keepToken(token);
  history.replaceState(null, '', `${location.pathname}${location.search}`);
  return true;
}

takeToken();
// Another link of that kind, opened in this tab: somebody else from here on.
addEventListener('hashchange', () => {
  if (takeToken()) location.reload();
});
applyPreferences();
startLocation();
const root = document.getElementById('app');
if (root) render(<App />, root);
