import './choice.css';
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { numberWords } from '../model/words.js';
import type { Column } from './table.js';

/** Which rows are chosen, and how one is chosen or not. */
export interface Choice {
  has: (id: string) => boolean;
  choose: (id: string, isChosen: boolean) => void;
}

/** Returns the column in which rows are chosen; `nameOf` tells one from another to who does not see it. */
export function choiceColumn<Row extends { id: string }>({ has, choose }: Choice, nameOf: (row: Row) => ComponentChildren): Column<Row> {
  return {
    id: 'choice',
    label: 'Chosen',
    unnamed: true,
    tight: true,
    narrow: 'corner',
    cell: (row) => (
      <label class="choice-box">
        <input type="checkbox" checked={has(row.id)} onChange={(event) => choose(row.id, event.currentTarget.checked)} />
        <span class="visually-hidden">{nameOf(row)}</span>
      </label>
    ),
  };
}

interface ChooseAllProps {
  rows: readonly { id: string }[];
  has: (id: string) => boolean;
  /** Beside it stands how many are chosen. */
  isTold: boolean;
  onChange: (chosen: ReadonlySet<string>) => void;
}

/** All rows of a page, chosen with one click. */
export function ChooseAll({ rows, has, isTold, onChange }: ChooseAllProps): VNode {
  const here = rows.filter(({ id }) => has(id)).length;
  const isPage = here === rows.length;
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (box.current) box.current.indeterminate = here > 0 && !isPage;
  }, [here, isPage]);
  return (
    <label class="choice-all">
      <input
        ref={box}
        type="checkbox"
        checked={isPage}
        onChange={(event) => onChange(new Set(event.currentTarget.checked ? rows.map(({ id }) => id) : []))}
      />
      <span class={isTold ? 'visually-hidden' : undefined}>Choose all {numberWords(rows.length)} shown</span>
    </label>
  );
}
