import type { TransportConfig } from 'nodemailer';
import { AutomationError } from '../../core/errors.js';

/** What a transport may say when it is held to a guard: where the server is, how to log in, how to wait. */
const ALLOWED: ReadonlySet<string> = new Set([
  'host',
  'port',
  'secure',
  'auth',
  'name',
  'requireTLS',
  'ignoreTLS',
  'opportunisticTLS',
  'connectionTimeout',
  'greetingTimeout',
  'socketTimeout',
  'dnsTimeout',
  'pool',
  'maxConnections',
  'maxMessages',
]);
const ALLOWED_LOGIN: ReadonlySet<string> = new Set(['user', 'pass']);

/**
 * The transport of somebody who is not trusted with the machine, as nodemailer's options. Nodemailer takes every option
 * from the query of a URL too: `smtp://x?sendmail=true&path=/bin/program` would start a program, `?proxy=http://10.0.0.1` go
 * around the guard, and a login by OAuth2 call an address of its own. So only the options above are taken, and of a login
 * user and password. Throws `mail_config_invalid` for any other.
 */
export function heldTransport(transport: string | TransportConfig): TransportConfig {
  const given = typeof transport === 'string' ? fromUrl(transport) : (transport as Record<string, unknown>);
  if (typeof given.url === 'string') {
    const { url, ...others } = given;
    return heldTransport({ ...others, ...fromUrl(url) } as TransportConfig);
  }
  const { auth } = given;
  const refused = [
    ...Object.keys(given).filter((name) => !ALLOWED.has(name)),
    ...Object.keys(typeof auth === 'object' && auth !== null ? auth : {})
      .filter((name) => !ALLOWED_LOGIN.has(name))
      .map((name) => `auth.${name}`),
  ];
  if (refused.length > 0) {
    throw new AutomationError('mail_config_invalid', `The transport of mail may not set ${refused.join(', ')}`, {
      hint: `With a guard, a mail server is told by ${[...ALLOWED].join(', ')} alone; auth takes user and pass.`,
    });
  }
  return given as TransportConfig;
}

/** Host, port and login of the URL, and its query as options: numbers and booleans as such. */
function fromUrl(text: string): Record<string, unknown> {
  const url = URL.canParse(text) ? new URL(text) : null;
  const login = url && [url.username, url.password].map(decoded);
  if (url === null || !login || !/^smtps?:$/.test(url.protocol) || url.hostname === '' || login.includes(null)) {
    throw new AutomationError('mail_config_invalid', 'The transport of mail is not the URL of an SMTP server', {
      hint: 'It must start with smtp:// or smtps://: smtp://user:password@mail.example.com:587',
    });
  }
  const options = [...url.searchParams].map(([name, value]) => [name, /^(true|false|\d{1,9})$/.test(value) ? JSON.parse(value) : value]);
  return {
    ...Object.fromEntries(options),
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    secure: url.protocol === 'smtps:',
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    ...(url.username === '' ? {} : { auth: { user: login[0], pass: login[1] } }),
  };
}

/** Null for what is not encoded as URLs are. */
function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
