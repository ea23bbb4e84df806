import { Type } from 'class-transformer';
import { IsNotEmpty, IsOptional, IsString, MaxLength, ValidateNested } from 'class-validator';
import type { LocalStep } from './action.js';
import { Describe } from './arguments-schema.js';
import { defineAction } from './define-action.js';
import { moduleOfTarget, RecordArgument, targetOf } from './other-records.js';
import { currentActor, currentOwner } from './users.js';

/** What add_note takes. */
class AddNoteArguments {
  @Describe('What the note says.', { example: 'Scored {{context.score}} by the credit check.', control: 'text' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(20_000)
  body!: string;

  @Describe(
    "Who wrote it: a user's id, `owner` for the record's owner, `actor` for whoever caused the event. Default: nobody, the workflow did.",
    { control: 'user' },
  )
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  authorId?: string;

  @Describe("The record that it is about. Default: the run's.", {
    example: { module: 'accounts', id: '{{record.accountId}}' },
    control: 'record',
  })
  @IsOptional()
  @ValidateNested()
  @Type(() => RecordArgument)
  record?: RecordArgument;
}

/** Writes a note about a record. */
export const addNote = defineAction({
  type: 'add_note',
  label: 'Add note',
  description: 'Writes a note about the record, where the people of the CRM keep theirs.',
  effect: 'local',
  transaction: 'shared',
  arguments: AddNoteArguments,
  output: { noteId: 'text' },
  check: (args, about) => moduleOfTarget(args, about).problems,
  writes: () => [{ kind: 'note' }],
  async execute(args, step) {
    const { record } = targetOf(step, args.record);
    const note = await step.crm.addNote({ body: args.body, authorId: await authorOf(args.authorId, step), record });
    return { noteId: note.id ?? null };
  },
});

async function authorOf(author: string | undefined, step: LocalStep): Promise<string | null> {
  if (author === 'owner') return currentOwner(step);
  if (author === 'actor') return currentActor(step);
  return author ?? null;
}
