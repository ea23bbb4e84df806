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
