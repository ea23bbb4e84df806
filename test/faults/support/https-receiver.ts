import type { IncomingMessage, ServerResponse } from 'node:http';
import { httpPeer, type Received } from '../../actions/support/peers.js';
import { Arrivals } from './arrivals.js';

/** Answers one request; the request is counted before. */
export type HttpsScript = (request: Received, response: ServerResponse, raw: IncomingMessage) => void;

const OK: HttpsScript = (_, response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}');
};

/** The far side of webhooks: counts what arrives by `webhook-id`, and answers as its script says. */
export interface HttpsReceiver {
  /** `https://127.0.0.1:1234/hook`; its certificate is trusted by the workers of the lab. */
  url: string;
  /** `127.0.0.1:1234`, as allow-lists name it. */
  host: string;
  /** By idempotency key: `<run>.<step path>`. */
  arrivals: Arrivals;
  /** From now on; without an argument: 200 for everyone. */
  answer(script?: HttpsScript): void;
  close(): Promise<void>;
}

export async function startHttpsReceiver(): Promise<HttpsReceiver> {
  const arrivals = new Arrivals();
  let script = OK;
  const peer = await httpPeer(
    (request, response, raw) => {
      arrivals.add(request.headers['webhook-id'] ?? '');
      script(request, response, raw);
    },
    { secure: true },
  );
  return {
    url: `https://127.0.0.1:${peer.port}/hook`,
    host: `127.0.0.1:${peer.port}`,
    arrivals,
    answer: (next = OK) => {
      script = next;
    },
    close: () => peer.close(),
  };
}
