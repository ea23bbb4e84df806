import './table.css';
import type { ComponentChildren, VNode } from 'preact';
import { Icon } from './icon.js';

/** One column of a table of rows. */
export interface Column<Row> {
  id: string;
  label: string;
  cell: (row: Row) => ComponentChildren;
  /** Right-aligned, in figures of one width. */
  numeric?: boolean;
  /** The name by which the API sorts. */
  sort?: string;
  /** On a narrow page: the heading of the card, beside it in its corner, all of its width, or left out. Default: a line with its name. */
  narrow?: 'title' | 'corner' | 'wide' | 'hidden';
  /** The name is for screen readers alone: what is in it needs none. */
  unnamed?: boolean;
  /** As narrow as what is in it. */
  tight?: boolean;
}

interface TableProps<Row> {
  /** What the rows are. */
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  /** `name`, or `-name` for the other way round. */
  sort?: string;
  onSort?: (sort: string) => void;
  /** The rows that are chosen, by key. */
  chosen?: ReadonlySet<string>;
}

/** Rows that are alike. On a narrow page each is a card. */
export function Table<Row>({ caption, columns, rows, keyOf, sort = '', onSort, chosen }: TableProps<Row>): VNode {
  return (
    <div class="table-place">
      <table class="table">
        <caption class="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <Heading key={column.id} column={column} sort={sort} onSort={onSort} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)} class={chosen?.has(keyOf(row)) ? 'table-chosen' : undefined}>
              {columns.map((column) => (
                <td key={column.id} class={classOf(column)} data-label={column.unnamed ? undefined : column.label}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Heading<Row>({ column, sort, onSort }: { column: Column<Row>; sort: string; onSort: TableProps<Row>['onSort'] }): VNode {
  const { label, sort: field, unnamed } = column;
  if (field === undefined || onSort === undefined) {
    return (
      <th scope="col" class={classOf(column)}>
        {unnamed ? <span class="visually-hidden">{label}</span> : label}
      </th>
    );
  }
  const isUp = sort === field;
  const isDown = sort === `-${field}`;
  return (
    <th scope="col" class={classOf(column)} aria-sort={isUp ? 'ascending' : isDown ? 'descending' : undefined}>
      <button
        type="button"
        class="table-sort"
        onClick={() => onSort(isUp ? `-${field}` : isDown ? field : column.numeric ? `-${field}` : field)}
      >
        {label}
        <span class={`table-arrow${isUp || isDown ? ' table-arrow-on' : ''}`}>
          <Icon name={isUp ? 'up' : 'down'} size={12} />
        </span>
      </button>
    </th>
  );
}

function classOf<Row>({ numeric, narrow, tight }: Column<Row>): string {
  return ['cell', numeric && 'cell-number', tight && 'cell-tight', narrow && `cell-${narrow}`].filter(Boolean).join(' ');
}
