import { Agent } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import request from 'supertest';

/** Methods that routes of the API have. */
export type Method = 'get' | 'post' | 'patch' | 'delete' | 'put';

/** Sends requests to an application as the caller of a bearer token; the empty one is nobody's. */
export interface KeptConnections {
  call(method: Method, path: string, token?: string): request.Test;
  /** Before the application closes: its server would wait for them. */
  close(): void;
}

/**
 * Lets the application listen, and asks it over connections that are kept. Of one that does not listen, supertest would start
 * and close the server for each request, and connect anew: half of what most requests cost.
 */
export async function keepConnections(app: INestApplication): Promise<KeptConnections> {
  await app.listen(0, '127.0.0.1');
  const server = app.getHttpServer();
  // A process that computes for longer than that would find the connection closed under its next request.
  server.keepAliveTimeout = 0;
  const agent = new Agent({ keepAlive: true });
  return {
    call(method, path, token = 'admin') {
      const test = request(server)[method](path).agent(agent);
      return token === '' ? test : test.set('Authorization', `Bearer ${token}`);
    },
    close: () => agent.destroy(),
  };
}
