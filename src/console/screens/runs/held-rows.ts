import { useEffect, useRef, useState } from 'preact/hooks';
import type { RunItem } from '../../api/types.js';

export const SHOWN = 50;
/** More than is shown: what is new can wait above without rows leaving below. */
export const ASKED = 100;

interface HeldRows {
  rows: readonly RunItem[];
  /** How many have come since, and whether there may be more than that. */
  newer: number;
  isMore: boolean;
  showNewer: () => void;
}

/** The rows of the first page stay where they are while newer ones come, until somebody asks for those. */
export function useHeldRows(items: readonly RunItem[] | null, isFirstPage: boolean): HeldRows {
  const [top, setTop] = useState<string | null>(null);
  const kept = useRef<readonly RunItem[]>([]);
  const newest = items?.[0]?.id ?? null;
  // Ids grow with time: what is greater than the first row came after it.
  const held = !isFirstPage || top === null ? (items ?? kept.current) : (items ?? kept.current).filter(({ id }) => id <= top);
  // When many have come, those at the end are not in the answer any more. What lies among it and is not left the filter.
  const oldest = items?.length === ASKED ? (items.at(-1)?.id ?? null) : null;
  const beyond = isFirstPage && oldest !== null ? kept.current.filter(({ id }) => id < oldest) : [];
  const rows = [...held, ...beyond].slice(0, SHOWN);
  kept.current = rows;
  useEffect(() => {
    if (!isFirstPage) setTop(null);
    else if (newest !== null && (top === null || rows.length === 0)) setTop(newest);
  }, [isFirstPage, newest, top, rows.length]);
  const newer = items === null || !isFirstPage || top === null ? 0 : items.filter(({ id }) => id > top).length;
  return { rows, newer, isMore: newer === ASKED, showNewer: () => setTop(newest) };
}
