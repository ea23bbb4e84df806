import { DataSource } from 'typeorm';
import { outliveLostConnections } from '../store/database.js';
import { MIGRATIONS } from '../store/migrations.js';
import { migrationOptions } from '../store/schema.js';

/** A server that does not answer is given up: whoever runs this waits for it. */
const CONNECT_MS = 10_000;

/** Returns the database of a URL, connected. What it says when it goes away is told by whatever is asked of it next. */
export async function connect(url: string): Promise<DataSource> {
  const source = new DataSource({
    type: 'postgres',
    url,
    ...migrationOptions(MIGRATIONS),
    applicationName: 'nestjs-crm-automation',
    connectTimeoutMS: CONNECT_MS,
    logging: false,
    poolErrorHandler: () => undefined,
  });
  await source.initialize();
  outliveLostConnections(source);
  return source;
}
