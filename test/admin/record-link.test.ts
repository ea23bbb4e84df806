import { expect, it, jest } from '@jest/globals';
import { recordLinks } from '../../src/admin/record-link.js';

it('a function of the host that throws is told of once in an answer, however many records it has', () => {
  const warn = jest.fn();
  const links = recordLinks(
    ({ id }) => {
      if (id !== 'fine') throw new Error('no route');
      return '/leads/fine';
    },
    'acme',
    { warn } as never,
  );
  expect(['a', 'fine', 'b', 'c'].map((id) => links({ module: 'leads', id }))).toEqual([null, '/leads/fine', null, null]);
  expect(warn.mock.calls).toEqual([['recordUrl failed for leads a of workspace acme: Error: no route']]);
});
