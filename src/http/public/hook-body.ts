import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { Inject, Injectable, type OnModuleInit, Optional } from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost } from '@nestjs/core';
import { AutomationError } from '../../core/errors.js';
import { tooLarge } from '../../core/json-shape.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../../engine/engine-settings.js';
import { ErrorFilter } from '../error.filter.js';
import { HTTP_PATH } from '../http-path.js';
import { mountPattern } from '../mount-pattern.js';
import { MAX_BODY_BYTES } from '../request-shape.guard.js';

/** Where the bytes of a body are left: a symbol, so that nothing of the host's can be there. */
const BYTES = Symbol('automation hook body');

/** A request as its platform hands it out. */
export type HookRequest = Partial<IncomingMessage> & { originalUrl?: string; [BYTES]?: Buffer; rawBody?: unknown };

type Next = (error?: unknown) => void;
type FastifyDone = (error: null, payload: unknown) => void;
interface FastifyCall {
  raw: HookRequest & IncomingMessage;
  [BYTES]?: Buffer;
}

interface Layer {
  handle: unknown;
}

/** The bytes of the body; null when nobody has kept them. */
export function bytesOf(request: HookRequest): Buffer | null {
  if (request[BYTES]) return request[BYTES];
  return Buffer.isBuffer(request.rawBody) ? request.rawBody : null;
}

/**
 * Reads the bodies of what strangers send, before the host's own parser: signatures are of the very bytes, the limits are ours whatever
 * the host's are, and who sends slowly is cut off. On Express as the first of all layers, on Fastify as a hook; where neither
 * can be, the host's parser has read them.
 */
@Injectable()
export class HookBodies implements OnModuleInit {
  private ours = /^$/;

  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly config: ApplicationConfig,
    private readonly errors: ErrorFilter,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
    @Optional() @Inject(HTTP_PATH) private readonly path: string | null,
  ) {}

  onModuleInit(): void {
    const { httpAdapter } = this.adapterHost;
    const type = httpAdapter?.getType();
    // Express takes paths in capitals too.
    this.ours = new RegExp(`${mountPattern(this.config, this.path)}/(hooks|resume|approvals)/[^/]+/?$`, type === 'express' ? 'i' : '');
    if (type === 'express') this.onExpress(httpAdapter.getInstance());
    if (type === 'fastify') this.onFastify(httpAdapter.getInstance());
  }

  private onExpress(app: { use(handler: unknown): void; router?: { stack?: Layer[] } }): void {
    const read = (request: HookRequest & IncomingMessage, response: ServerResponse, next: Next): void => {
      if (!this.isOurs(request)) {
        next();
        return;
      }
      this.read(request, response).then(
        (bytes) => {
          request[BYTES] = bytes;
          next();
        },
        (error: unknown) => this.errors.answer(error, response),
      );
    };
    app.use(read);
    // The parser is there already: Nest registers it first.
    const stack = app.router?.stack;
    const at = stack?.findIndex(({ handle }) => handle === read) ?? -1;
    if (stack && at > 0) stack.unshift(...stack.splice(at, 1));
  }

  private onFastify(app: { addHook(name: string, hook: unknown): void }): void {
    const read = (request: FastifyCall, reply: { raw: ServerResponse }, payload: unknown, done: FastifyDone): void => {
      if (!this.isOurs(request.raw)) {
        done(null, payload);
        return;
      }
      this.read(request.raw, reply.raw).then(
        (bytes) => {
          // Not as its `rawBody`: with Nest's option of that name its parser puts what it is given instead there.
          request[BYTES] = bytes;
          // Parsed by us; Fastify holds what it reads instead against the length that was announced.
          done(null, Object.assign(Readable.from(['null']), { receivedEncodedLength: bytes.length }));
        },
        (error: unknown) => this.errors.answer(error, reply),
      );
    };
    app.addHook('preParsing', read);
  }

  /** By the URL as our own router has it: the application may be mounted below another one. */
  private isOurs({ method, url = '' }: HookRequest): boolean {
    const [path = ''] = url.split('?', 1);
    return method === 'POST' && this.ours.test(path);
  }

  private read(request: IncomingMessage, response: ServerResponse): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      // One room that grows: a list of chunks of a byte each would take 500 times what they hold.
      let room = Buffer.alloc(0);
      let size = 0;
      const end = (error: AutomationError | null): void => {
        clearTimeout(timer);
        request.off('data', take).off('end', whole).off('close', broken).off('error', broken);
        if (error === null) resolve(room.subarray(0, size));
        else {
          // What is still to come, however slowly, nobody reads.
          response.setHeader('Connection', 'close').once('finish', () => request.destroy());
          reject(error);
        }
      };
      const take = (chunk: Buffer): void => {
        if (size + chunk.length > MAX_BODY_BYTES) {
          end(tooLarge(MAX_BODY_BYTES));
          return;
        }
        if (size + chunk.length > room.length)
          room = Buffer.concat([room.subarray(0, size)], Math.max(size + chunk.length, 2 * room.length));
        chunk.copy(room, size);
        size += chunk.length;
      };
      const whole = (): void => end(null);
      const broken = (): void => end(new AutomationError('invalid_request', 'The body did not arrive whole.'));
      const late = (): void => end(new AutomationError('request_timed_out', 'The body took too long to arrive.'));
      const timer = setTimeout(late, this.settings.hooks.bodyMs);
      request.on('data', take).on('end', whole).on('close', broken).on('error', broken);
    });
  }
}
