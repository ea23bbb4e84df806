import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { EventEmitterModule } from '@nestjs/event-emitter';
import { ScheduleModule } from '@nestjs/schedule';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { AutomationModule, type AutomationOptions } from '../index.js';
import { DemoAccess } from './access/demo-access.js';
import { sendSms } from './actions/send-sms.js';
import { demoCrmHost } from './automation/crm-host.js';
import { MachineInstaller } from './automation/machines.js';
import { RecipeInstaller } from './automation/recipes.js';
import { ChangeAnnouncer } from './crm/change-announcer.js';
import { ErrorShapeFilter } from './crm/error-shape.filter.js';
import { RECORD_CONTROLLERS } from './crm/record.controllers.js';
import { RecordService } from './crm/record.service.js';
import { crmDataSourceOptions, openCrmDatabase } from './database.js';
import { OverdueInvoicesController } from './invoices/overdue-invoices.controller.js';
import { OverdueInvoicesJob } from './invoices/overdue-invoices.job.js';
import { MailServers } from './mail/mail-servers.js';
import { MailboxController } from './mail/mailbox.controller.js';
import { PartnerController } from './partner/partner.controller.js';
import { DEMO_SETTINGS, type DemoSettings } from './settings.js';
import { Sink, SinkController } from './sink/sink.controller.js';
import { knownSinks } from './sink/sink-address.js';
import { SmsController, SmsGateway } from './sms/sms-gateway.js';
import { PeopleController } from './users/people.controller.js';

@Module({})
class DemoModule {}

/** A small CRM, and automation installed next to it. */
export function demoModule(settings: DemoSettings, mailServers: MailServers): DynamicModule {
  return {
    module: DemoModule,
    imports: [
      TypeOrmModule.forRootAsync({
        useFactory: () => ({ ...crmDataSourceOptions(settings.databaseUrl), retryAttempts: 0 }),
        dataSourceFactory: (options?: DataSourceOptions) => openCrmDatabase(options ?? crmDataSourceOptions(settings.databaseUrl)),
      }),
      EventEmitterModule.forRoot(),
      ScheduleModule.forRoot(),
      AutomationModule.forRootAsync({
        // Who comes without one of the links that `npm start` prints may type a token.
        console: { tokenInput: true },
        inject: [DataSource],
        useFactory: async (dataSource: DataSource): Promise<AutomationOptions> => ({
          dataSource,
          crm: demoCrmHost(),
          mail: { transport: settings.smtpUrl ?? ((workspaceId) => mailServers.urlOf(workspaceId)), from: 'Acme CRM <crm@acme.test>' },
          access: new DemoAccess(),
          actions: [sendSms, ...(settings.actions ?? [])],
          // Webhooks may not reach addresses inside our network, except these: the demo's own sink, that of another process
          // on the same database, and what the settings name.
          outbound: { allow: [...(await sinkHosts(settings.origin, dataSource)), ...(settings.outboundAllow ?? [])] },
          publicUrl: settings.origin,
          // The demo has one lasting secret; what is derived from it for links says nothing of it.
          secret: settings.sinkSecret,
          ...(settings.hooks === undefined ? {} : { hooks: settings.hooks }),
          ...(settings.worker === undefined ? {} : { worker: settings.worker }),
          ...(settings.timezone === undefined ? {} : { timezone: settings.timezone }),
        }),
      }),
    ],
    controllers: [
      OverdueInvoicesController,
      ...RECORD_CONTROLLERS,
      PeopleController,
      MailboxController,
      SinkController,
      SmsController,
      PartnerController,
    ],
    providers: [
      { provide: DEMO_SETTINGS, useValue: settings },
      { provide: MailServers, useValue: mailServers },
      { provide: APP_FILTER, useClass: ErrorShapeFilter },
      RecordService,
      ChangeAnnouncer,
      OverdueInvoicesJob,
      RecipeInstaller,
      MachineInstaller,
      Sink,
      SmsGateway,
    ],
  };
}

async function sinkHosts(origin: string, dataSource: DataSource): Promise<string[]> {
  return [origin, ...(await knownSinks(dataSource))].map((sink) => new URL(sink).host);
}
