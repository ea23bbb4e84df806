import { defineAction } from './define-action.js';
import { changeTags, hasTag, TagArguments, tagProblems, tagWrites } from './tags.js';

/** Takes tags off a record. */
export const removeTag = defineAction({
  type: 'remove_tag',
  label: 'Remove tag',
  description: 'Takes tags off the record; those that it does not have do not matter.',
  effect: 'local',
  transaction: 'shared',
  writesRecord: true,
  arguments: TagArguments,
  output: { tags: 'list', removed: 'list' },
  check: tagProblems,
  writes: tagWrites,
  async execute(args, step) {
    const { before, after } = await changeTags(args, step, (tags) => tags.filter((tag) => !hasTag(args.tags, tag)));
    return { tags: after, removed: before.filter((tag) => !hasTag(after, tag)) };
  },
});
