/** What is wrong with the hosts that a secret may go to, each as people write it; null when nothing is. */
export function hostProblem(host: string): string | null {
  return originOf(host) === null
    ? `${JSON.stringify(host.slice(0, 100))} is no host: write api.example.com, or api.example.com:8443`
    : null;
}

/**
 * Whether a secret may be sent to an address. A host means https on its usual port; another port is written behind it, and
 * plain http in front of it (`http://intranet:8080`), so that nobody sends a secret in the clear by mistake.
 */
export function mayGoTo(hosts: readonly string[], url: URL): boolean {
  return hosts.some((host) => originOf(host) === url.origin);
}

/** Only what is a host and nothing else: what stands behind it would seem to narrow it, and would not. */
function originOf(host: string): string | null {
  const text = /^https?:\/\//i.test(host) ? host : `https://${host}`;
  if (!/^https?:\/\/[^/?#@\\\s*]+$/i.test(text) || !URL.canParse(text)) return null;
  return new URL(text).origin;
}

/** The address that a text of a definition leads to, as far as it is known before it is rendered: its origin. */
export function knownAddress(text: unknown): URL | null {
  if (typeof text !== 'string') return null;
  const expression = text.indexOf('{{');
  if (expression < 0) return URL.canParse(text) ? new URL(text) : null;
  const [origin] = /^https?:\/\/[^\s/?#\\]+(?=[/?#])/i.exec(text.slice(0, expression)) ?? [];
  return origin !== undefined && URL.canParse(origin) ? new URL(origin) : null;
}
