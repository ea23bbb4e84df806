import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

// The far side of the calls, in a process of its own: what it costs is nobody's who is measured. `/slow/…` takes 2 s.

const SLOW_MS = 2_000;

const server = createServer((request, response) => {
  const answer = (): void => void response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}');
  request.resume().on('end', () => {
    if (!request.url?.startsWith('/slow/')) return answer();
    setTimeout(answer, SLOW_MS);
  });
});
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit());
