import type { Json } from '../../core/json.js';

/** What somebody has posted to a trigger URL; its form is checked. */
export interface IncomingDelivery {
  /** As it stands in the URL. */
  token: string;
  body: Json;
  /** The bytes of the body, which signatures are of; null when the application has not kept them. */
  raw: Buffer | null;
  /** By their names in small letters; of repeated ones the first. */
  headers: Readonly<Record<string, string>>;
  query: Record<string, string | string[]>;
  /** The caller's address, as the application sees it. */
  from: string | null;
  /** Of several deliveries with one key the first counts; null: each does. */
  key: string | null;
}
