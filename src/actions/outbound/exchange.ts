import type { Socket } from 'node:net';
import type { buildConnector, Client, Dispatcher } from 'undici';
import { undici } from '../libraries.js';

/** What came back, whatever its status. */
export interface OutboundResponse {
  status: number;
  /** By name in small letters. */
  headers: Readonly<Record<string, string>>;
  body: Buffer;
  /** True when there was more than is kept. */
  truncated: boolean;
}

/** Makes the connection of one call; null where it may not be made. */
export type CallConnector = (options: buildConnector.Options, callback: buildConnector.Callback) => Socket | null;

type Request = Pick<Dispatcher.DispatchOptions, 'method' | 'path' | 'headers' | 'body'>;

/** Bytes of response headers that are read before the call is given up. */
const MAX_HEADER_BYTES = 16 * 1024;
/** What a client is told that has done its call: nobody hears of it, and an error of its own for each costs what a small query does. */
const ENDED = new Error('The call has ended');
const unheard = (): void => undefined;

/**
 * One request and the beginning of its answer; it ends with the first of: the answer, as much of it as is kept, an error, the
 * word to give up. It hears of the answer piece by piece: undici's `request` makes a stream of each body, and reading a short
 * one took a tenth of the time that a run with one call has of a processor.
 *
 * A connection for each: one that the far side closes while it idles would fail a POST that cannot be told from a lost one.
 * Nothing here has a clock: whoever wants the answer in time gives up, be it connecting, waiting or reading.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  private readonly client: Client;
  /** From when it is begun; until it is made it is not the client's. */
  private socket: Socket | null = null;
  private connected = false;
  private isOver = false;
  private status = 0;
  private headers: Record<string, string> = {};
  private readonly chunks: Buffer[] = [];
  private room: number;
  private resolve!: (response: OutboundResponse) => void;
  private reject!: (error: unknown) => void;

  /** `most`: bytes of the body that are kept; the rest is not read. */
  constructor(origin: string, connect: CallConnector, most: number) {
    this.room = most;
    this.client = new (undici().Client)(origin, {
      connect: (options, callback) => {
        this.socket = connect(options, (...result) => {
          this.connected = result[0] === null;
          callback(...result);
        });
      },
      pipelining: 0,
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /** Was there a connection? Without one nothing has left the house. */
  get isConnected(): boolean {
    return this.connected;
  }

  /** Sends the request; once. Rejects with undici's errors, those of the connection, and what it was given up with. */
  perform(request: Request): Promise<OutboundResponse> {
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
      this.client.dispatch(request, this);
    });
  }

  /** Ends it, if it is not over; its promise rejects with the error. */
  giveUp(error: Error): void {
    this.end(() => this.reject(error));
  }

  onRequestStart(): void {}

  /** Also for each answer in between, such as 103. */
  onResponseStart(_: unknown, status: number, headers: Dispatcher.ResponseData['headers']): void {
    this.status = status;
    this.headers = flatHeaders(headers);
  }

  onResponseData(_: unknown, chunk: Buffer): void {
    if (this.isOver) return;
    const isTooLong = chunk.length > this.room;
    this.chunks.push(isTooLong ? chunk.subarray(0, this.room) : chunk);
    this.room -= chunk.length;
    if (isTooLong) this.answer(true);
  }

  /** The client is let go within: undici would destroy the connection right after with an error whose stack node writes out. */
  onResponseEnd(): void {
    this.answer(false);
  }

  onResponseError(_: unknown, error: Error): void {
    this.giveUp(error);
  }

  private answer(truncated: boolean): void {
    this.end(() => this.resolve({ status: this.status, headers: this.headers, body: Buffer.concat(this.chunks), truncated }));
  }

  private end(settle: () => void): void {
    if (this.isOver) return;
    this.isOver = true;
    settle();
    this.client.destroy(ENDED, unheard);
    // With an error: undici lets a call wait for its connection whatever has become of the call.
    if (!this.connected) this.socket?.destroy(ENDED);
  }
}

function flatHeaders(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) {
      Object.defineProperty(flat, name, { value: Array.isArray(value) ? value.join(', ') : value, enumerable: true });
    }
  }
  return flat;
}
