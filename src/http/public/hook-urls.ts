import { Inject, Injectable, Optional } from '@nestjs/common';
import { HTTP_PATH } from '../http-path.js';

/** Injection token of the option `publicUrl`; null where the host gave none. */
export const PUBLIC_URL = Symbol('AUTOMATION_PUBLIC_URL');

/** Where a trigger URL leads. */
export interface HookUrl {
  /** Below the application's global prefix. */
  path: string;
  /** Null: the application was not told its public URL. */
  url: string | null;
}

/** Makes trigger URLs from what the host says, never from what a request says. */
@Injectable()
export class HookUrls {
  private readonly mount: string;
  private readonly origin: string | null;

  constructor(@Optional() @Inject(HTTP_PATH) path: string | null, @Optional() @Inject(PUBLIC_URL) publicUrl: string | null) {
    this.mount = (path ?? 'automation').replace(/^\/+|\/+$/g, '');
    this.origin = publicUrl?.replace(/\/+$/, '') ?? null;
  }

  /** The URL of a token. */
  of(token: string): HookUrl {
    const path = `/${this.mount === '' ? '' : `${this.mount}/`}hooks/${token}`;
    return { path, url: this.origin === null ? null : `${this.origin}${path}` };
  }
}
