import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A proxy in front of an application. */
export interface Proxy {
  origin: string;
  close(): Promise<void>;
}

/** Starts a proxy that shows the application below a prefix which it does not hand on: what stands below is none the wiser. */
export async function startProxy(target: string, prefix: string): Promise<Proxy> {
  const server = createServer((incoming, outgoing) => {
    const path = incoming.url ?? '/';
    if (!path.startsWith(`${prefix}/`)) {
      outgoing.writeHead(404).end('Not behind this proxy.');
      return;
    }
    const passed = request(new URL(path.slice(prefix.length), target), { method: incoming.method, headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    passed.on('error', () => outgoing.destroy());
    incoming.pipe(passed);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
