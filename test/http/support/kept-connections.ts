import { Agent } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { HttpCall } from './http-call.js';

/** Methods that routes of the API have. */
export type Method = 'get' | 'post' | 'patch' | 'delete' | 'put';

/** Sends requests to an application as the caller of a bearer token; the empty one is nobody's. */
export interface KeptConnections {
  call(method: Method, path: string, token?: string): HttpCall;
  /** Before the application closes: its server would wait for them. */
  close(): void;
}

/** Lets the application listen, and asks it over connections that are kept: to connect anew costs half of what most requests do. */
export async function keepConnections(app: INestApplication): Promise<KeptConnections> {
  await app.listen(0, '127.0.0.1');
  const server = app.getHttpServer();
  // A process that computes for longer than that would find the connection closed under its next request.
  server.keepAliveTimeout = 0;
  const { port } = server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true });
  return {
    call(method, path, token = 'admin') {
      const call = new HttpCall({ port, agent, method: method.toUpperCase(), path });
      return token === '' ? call : call.set('Authorization', `Bearer ${token}`);
    },
    close: () => agent.destroy(),
  };
}
