import type { EventEmitter } from 'node:events';
import { expect, it } from '@jest/globals';
import { connect } from '../../src/cli/connect.js';
import { createTestDatabase } from '../support/database.js';

it('a connection of the command line that is cut between two questions does not end the process', async () => {
  const database = await createTestDatabase();
  const source = await connect(database.url);
  const { master } = source.driver as unknown as { master: { connect(): Promise<EventEmitter & { release(cut: boolean): void }> } };
  // The one that was there from the start, and a further one.
  const clients = [await master.connect(), await master.connect()];
  for (const client of clients) {
    // An `error` that nobody listens to is thrown.
    expect(() => client.emit('error', new Error('Connection terminated unexpectedly'))).not.toThrow();
    client.release(true);
  }
  await source.destroy();
  await database.drop();
});
