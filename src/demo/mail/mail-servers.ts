import { WORKSPACES } from '../access/tokens.js';
import { MailServer } from './mail-server.js';

/** A mail server for each workspace: what one catches or breaks is nobody else's. */
export class MailServers {
  private constructor(private readonly byWorkspace: ReadonlyMap<string, MailServer>) {}

  static async start(): Promise<MailServers> {
    return new MailServers(new Map(await Promise.all(WORKSPACES.map(async (name) => [name, await MailServer.start()] as const))));
  }

  of(workspaceId: string): MailServer {
    const server = this.byWorkspace.get(workspaceId);
    if (server === undefined) throw new Error(`The demo has no workspace ${workspaceId}.`);
    return server;
  }

  /** Where the mail of a workspace goes: `smtp://127.0.0.1:2525`. */
  urlOf(workspaceId: string): string {
    return `smtp://127.0.0.1:${this.of(workspaceId).port}`;
  }

  async close(): Promise<void> {
    await Promise.all([...this.byWorkspace.values()].map((server) => server.close()));
  }
}
