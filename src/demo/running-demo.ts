import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';

const GREETING = 'crm-demo';
/** A neighbour answers at once, or is none. */
const ANSWER_MS = 2_000;

/**
 * Makes this process the only demo on its data, and returns how to give that up. Another one would wait for Postgres' lock on
 * the files, a minute long, and then tell of that. Whether the first still runs it is asked itself: a file that a killed process
 * has left behind says nothing, and its process id may be somebody else's by now.
 * @throws Error that says which process is running.
 */
export async function beTheOnlyDemo(file: string): Promise<() => Promise<void>> {
  const other = await askOther(file);
  if (other !== null) throw new Error(`It runs already, as process ${other}: stop that one first (Ctrl-C where it was started).`);
  const server = createServer((socket) => socket.on('error', () => undefined).end(`${GREETING} ${file} ${process.pid}`));
  server.listen(0, '127.0.0.1').unref();
  await once(server, 'listening');
  await writeFile(file, String((server.address() as AddressInfo).port));
  return async () => {
    await rm(file, { force: true });
    server.close();
  };
}

/** The process that answers at the port in the file, if it is a demo on the same data. */
async function askOther(file: string): Promise<string | null> {
  const port = Number(await readFile(file, 'utf8').catch(() => ''));
  if (!Number.isInteger(port) || port <= 0 || port > 65_535) return null;
  const socket = connect(port, '127.0.0.1');
  // Whoever says nothing is no demo.
  socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error('no answer')));
  const answer = await text(socket).catch(() => '');
  const greeting = `${GREETING} ${file} `;
  return answer.startsWith(greeting) ? answer.slice(greeting.length) : null;
}
