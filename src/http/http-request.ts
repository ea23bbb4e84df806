import type { IncomingHttpHeaders } from 'node:http';
/** What we read of a request, whatever the platform: Express and Fastify both have it. */
export interface HttpRequest {
  method: string;
  url: string;
  /** Express: the URL before routers cut it. */
  originalUrl?: string;
  headers: Readonly<IncomingHttpHeaders>;
  body?: unknown;
  query?: unknown;
  params?: unknown;
}

/** A header that appears once; of a repeated one, the first. */
export function header(request: HttpRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
