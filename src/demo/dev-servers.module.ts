import { Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { MailServer } from './mail/mail-server.js';

/** What the world outside of the CRM is made of here: a mail server. */
@Module({
  providers: [{ provide: MailServer, useFactory: () => MailServer.start() }],
  exports: [MailServer],
})
export class DevServersModule implements OnApplicationShutdown {
  constructor(@Inject(MailServer) private readonly mailServer: MailServer) {}

  /** The last of Nest's hooks: runs that finish during the shutdown still reach the server. */
  async onApplicationShutdown(): Promise<void> {
    await this.mailServer.close();
  }
}
