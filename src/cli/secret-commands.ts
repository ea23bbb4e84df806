import { AutomationError } from '../core/errors.js';
import { type EncryptionKey, type KeyRing, keyRingOf } from '../engine/secrets/key-ring.js';
import { reencrypt } from '../engine/secrets/reencrypt.js';
import { type Command, EXIT } from './command.js';

/** So many of those that cannot be read are named. */
const MOST_NAMED = 20;

/** The commands about the secrets of workspaces. Keys come by the environment: a command line is seen by everybody on the machine. */
export const secretCommands: readonly Command[] = [
  {
    name: 'reencrypt',
    summary:
      'puts the secrets of all workspaces under the newest key, from AUTOMATION_ENCRYPTION_KEYS=id:key,id:key (the newest first) and AUTOMATION_SECRET; may be stopped and repeated',
    async run({ source, print }) {
      const ring = keysOf(process.env);
      const { done, unreadable } = await reencrypt(source, ring, (so, all) => print(`re-encrypted ${so} of ${all}`));
      for (const one of unreadable.slice(0, MOST_NAMED)) print(`not readable: ${one}`);
      if (unreadable.length > MOST_NAMED) print(`not readable: ${unreadable.length - MOST_NAMED} more`);
      if (unreadable.length > 0) {
        print(`${unreadable.length} secrets stay as they are: no key opens them. Add the key that sealed them, or give them anew.`);
        return EXIT.failed;
      }
      print(done === 0 ? `All secrets were under the key ${ring.newest}.` : `All secrets are under the key ${ring.newest}.`);
      return EXIT.ok;
    },
  },
];

function keysOf({ AUTOMATION_SECRET: secret, AUTOMATION_ENCRYPTION_KEYS: keys = '' }: NodeJS.ProcessEnv): KeyRing {
  const encryptionKeys = keys
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
    .map((one): EncryptionKey => {
      const [id = '', ...key] = one.split(':');
      return { id, key: key.join(':') };
    });
  const ring = keyRingOf({ secret: secret || undefined, encryptionKeys });
  if (ring) return ring;
  throw new AutomationError('secrets_not_configured', 'No key is given.', {
    hint: 'Set AUTOMATION_ENCRYPTION_KEYS=id:key,id:key (the newest first), AUTOMATION_SECRET, or both, as the application has them.',
  });
}
