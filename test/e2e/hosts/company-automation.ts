import { Module } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AutomationModule, type AutomationOptions, typeOrmCrm } from '../../../src/index.js';
import { Activity, Contact, Deal, Membership, Notice, Person, Tokens } from './company.js';

const crm = () =>
  typeOrmCrm(
    {
      deals: { entity: Deal, stage: 'stage', owner: 'ownerId' },
      contacts: { entity: Contact, fields: { passportNumber: { hidden: true } } },
      activities: { entity: Activity, owner: 'assigneeId', title: 'subject' },
    },
    {
      workspace: 'companyId',
      users: { entity: Person, members: { entity: Membership, user: 'personId', roles: 'role' } },
      tasks: { entity: Activity, properties: { title: 'subject', dueAt: 'deadline' } },
      notifications: { entity: Notice, properties: { user: 'recipientId', title: 'text' } },
    },
  );

@Module({
  imports: [
    AutomationModule.forRootAsync({
      inject: [DataSource, Tokens],
      useFactory: (dataSource: DataSource, tokens: Tokens): AutomationOptions => ({
        dataSource,
        crm: crm(),
        capture: { deals: 'subscriber', contacts: 'subscriber' },
        access: {
          authenticate({ headers }) {
            const session = tokens.verify(headers.authorization as string | undefined);
            if (!session) return null;
            const { userId, companyId, role } = session;
            return { userId, workspaceId: companyId, permissions: role === 'admin' ? ['view', 'operate', 'manage'] : ['view'] };
          },
        },
      }),
    }),
  ],
})
export class CompanyAutomation {}
