import './pages.css';
import type { VNode } from 'preact';
import { countWords, numberWords } from '../model/words.js';
import { Button } from './button.js';
import { Select } from './field.js';

interface PagesProps {
  page: number;
  size: number;
  sizes?: readonly number[];
  total: number;
  totalIsExact: boolean;
  /** What is paged: `workflow`. */
  what: string;
  onPage: (page: number) => void;
  onSize: (size: number) => void;
}

/** Which part of a list is shown, and the way to the others. */
export function Pages({ page, size, sizes = [20, 50, 100], total, totalIsExact, what, onPage, onSize }: PagesProps): VNode {
  const first = (page - 1) * size + 1;
  const last = Math.min(total, page * size);
  const many = totalIsExact ? countWords(total, what) : `more than ${numberWords(total)} ${what}s`;
  return (
    <nav class="pages" aria-label={`Pages of ${what}s`}>
      <span class="numbers">{total > size ? `${numberWords(first)}–${numberWords(last)} of ${many}` : many}</span>
      {total > Math.min(...sizes) && (
        <Select
          label="On a page"
          value={String(size)}
          options={sizes.map((one) => ({ value: String(one), label: `${one} a page` }))}
          onChange={(value) => onSize(Number(value))}
        />
      )}
      {total > size && (
        <span class="row">
          <Button icon="left" blocked={page > 1 ? null : 'This is the first page'} onClick={() => onPage(page - 1)}>
            Previous
          </Button>
          <Button blocked={last < total ? null : 'This is the last page'} onClick={() => onPage(page + 1)}>
            Next
          </Button>
        </span>
      )}
    </nav>
  );
}

interface OlderPagesProps {
  /** What is paged: "versions". */
  what: string;
  /** Where the page begins; null: with the newest. */
  cursor: string | null;
  /** Where the next one begins; null: there is none. */
  older: string | null;
  /** Where each leads. Default: to the newest, and to older ones. */
  words?: readonly [back: string, on: string];
  onGo: (cursor: string | null) => void;
}

/** The way through a list that is paged by cursors: back to its beginning, and on. Nothing where one page shows all. */
export function OlderPages({ what, cursor, older, words: [back, on] = ['Newest', 'Older'], onGo }: OlderPagesProps): VNode | null {
  if (cursor === null && older === null) return null;
  return (
    <nav class="pages" aria-label={`Pages of ${what}`}>
      <span />
      <Button icon="up" blocked={cursor === null ? 'This is the first page' : null} onClick={() => onGo(null)}>
        {back}
      </Button>
      <Button icon="down" blocked={older === null ? 'This is the last page' : null} onClick={() => onGo(older)}>
        {on}
      </Button>
    </nav>
  );
}
