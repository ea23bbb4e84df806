import { describe, expect, it } from '@jest/globals';
import { cutToSize, type EventBody } from '../../src/core/event-size.js';
import { jsonBytes } from '../../src/core/storable-json.js';

const body = (record: EventBody['record'], more: Partial<EventBody> = {}): EventBody => ({
  record,
  previous: null,
  changes: null,
  ...more,
});
const cutTo = (bytes: number, event: EventBody) => {
  const { event: kept, cut } = cutToSize(event, bytes);
  expect(jsonBytes(kept as never)).toBeLessThanOrEqual(bytes);
  return { ...kept, cut };
};

describe('an event that is too large', () => {
  it('stays the very object when it is not', () => {
    const event = body({ id: '1', text: 'x' });
    expect(cutToSize(event, 1_000)).toEqual({ event, cut: null });
    expect(cutToSize(event, 1_000).event).toBe(event);
  });

  it('loses the ends of its longest texts, and says of which fields', () => {
    const { record, cut } = cutTo(10_000, body({ id: '1', name: 'Ann', long: 'x'.repeat(16_000), medium: 'y'.repeat(1_500) }));
    expect(record).toEqual({ id: '1', name: 'Ann', long: `${'x'.repeat(7_999)}…`, medium: 'y'.repeat(1_500) });
    expect(cut).toEqual(['record.long']);
  });

  it('cuts further until it fits, texts inside lists and objects too, in the record, the one before and the changes', () => {
    const long = (letter: string) => letter.repeat(5_000);
    const event = body(
      { id: '1', notes: [{ text: long('a') }, { text: 'short', none: undefined }, null], text: long('b') },
      { previous: { id: '1', text: long('c'), flag: true }, changes: { text: { from: long('c'), to: long('b') } } },
    );
    const { record, previous, changes, cut } = cutTo(4_000, event);
    expect(record).toMatchObject({ notes: [{ text: expect.stringMatching(/^a{624}…$/) }, { text: 'short' }, null] });
    expect(previous).toEqual({ id: '1', text: expect.stringMatching(/^c+…$/), flag: true });
    expect(changes).toEqual({ text: { from: expect.stringMatching(/^c+…$/), to: expect.stringMatching(/^b+…$/) } });
    expect(cut).toEqual(['record.notes', 'record.text', 'previous.text', 'changes.text']);
  });

  it('never cuts a letter in two', () => {
    const { record } = cutTo(6_000, body({ id: '1', smiles: `x${'😀'.repeat(1_000)}xx`, long: 'y'.repeat(2_003) }));
    expect(record?.smiles).toMatch(/^x(😀)+…$/u);
  });

  it('loses whole fields, the largest first and never the id, when texts are not what makes it large', () => {
    const numbers = (count: number) => Array.from({ length: count }, () => 7);
    const event = body({ id: 'x'.repeat(300), many: numbers(5_000), few: numbers(100) }, { previous: { id: '1', many: numbers(4_000) } });
    const { record, previous, cut } = cutTo(1_000, event);
    expect(record).toEqual({ id: 'x'.repeat(300), few: numbers(100) });
    expect(previous).toEqual({ id: '1' });
    expect(cut).toEqual(['record.many', 'previous.many']);
  });

  it('loses even changes when nothing else helps', () => {
    const numbers = Array.from({ length: 1_000 }, () => 7);
    const { record, changes, cut } = cutTo(200, body(null, { changes: { list: { from: null, to: numbers } } }));
    expect({ record, changes, cut }).toEqual({ record: null, changes: {}, cut: ['changes.list'] });
  });
});
