import { defineAction } from './define-action.js';
import { changeTags, hasTag, TagArguments, tagProblems, tagWrites } from './tags.js';

/** Adds tags to a record. */
export const addTag = defineAction({
  type: 'add_tag',
  label: 'Add tag',
  description: 'Adds tags to the record; those that it has already stay as they are.',
  effect: 'local',
  transaction: 'shared',
  writesRecord: true,
  arguments: TagArguments,
  output: { tags: 'list', added: 'list' },
  check: tagProblems,
  writes: tagWrites,
  async execute(args, step) {
    const { before, after } = await changeTags(args, step, (tags) => {
      const all = [...tags];
      for (const tag of args.tags) if (!hasTag(all, tag)) all.push(tag);
      return all;
    });
    return { tags: after, added: after.filter((tag) => !hasTag(before, tag)) };
  },
});
