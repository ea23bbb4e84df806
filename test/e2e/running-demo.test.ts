import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { beTheOnlyDemo } from '../../src/demo/running-demo.js';

let folder: string;
let file: string;
const servers: Server[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'running-demo-'));
  file = join(folder, 'running');
});
afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  await rm(folder, { recursive: true });
});

/** Somebody else at the port that the file names. */
async function someoneSays(greeting: string): Promise<void> {
  const server = createServer((socket) => socket.end(greeting));
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  await writeFile(file, String((server.address() as AddressInfo).port));
}

it('a second demo in one checkout is told at once that the first still runs, and which process it is', async () => {
  const release = await beTheOnlyDemo(file);
  await expect(beTheOnlyDemo(file)).rejects.toThrow(`It runs already, as process ${process.pid}: stop that one first`);
  await release();
  await (await beTheOnlyDemo(file))();
});

it('demos of two checkouts do not mind each other', async () => {
  const release = await beTheOnlyDemo(file);
  await (await beTheOnlyDemo(join(folder, 'other')))();
  await release();
});

it.each([
  ['a process that was killed', '1'],
  ['nothing', ''],
  ['no port', 'x'],
])('what is left of %s keeps nobody from starting', async (_what, left) => {
  await writeFile(file, left);
  const release = await beTheOnlyDemo(file);
  expect(Number(await readFile(file, 'utf8'))).toBeGreaterThan(1);
  await release();
});

it('somebody else at its port keeps nobody from starting', async () => {
  await someoneSays('220 mail.test ESMTP');
  await (await beTheOnlyDemo(file))();
});
