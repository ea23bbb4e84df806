import type { VNode } from 'preact';

/** Lines on a grid of 16, drawn with round ends. Paths, because glyphs depend on fonts. */
const PATHS = {
  home: 'M2.5 7.5 8 3l5.5 4.5M4 6.5V13h8V6.5',
  workflows: 'M2.5 2.5h4v4h-4zM9.5 9.5h4v4h-4zM6.5 4.5H11a.5.5 0 0 1 .5.5v4.5',
  runs: 'M2.5 3.5h.01M2.5 8h.01M2.5 12.5h.01M5.5 3.5h8M5.5 8h8M5.5 12.5h8',
  question: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM6.2 6.3A1.9 1.9 0 0 1 8 5c1 0 1.9.7 1.9 1.7C9.9 8 8 8.2 8 9.3M8 11.3h.01',
  tasks: 'M13.5 8v4.5a1 1 0 0 1-1 1h-9a1 1 0 0 1-1-1v-9a1 1 0 0 1 1-1H10M5.5 7.5 8 10l5.5-6.5',
  audit: 'M4 1.5h5.5L13 5v9a.5.5 0 0 1-.5.5h-9A.5.5 0 0 1 3 14V2.5a1 1 0 0 1 1-1zM9 2v3.5h3.5M5.5 8.5h5M5.5 11.5h3.5',
  machine:
    'M5.5 3.5a2 2 0 1 1-4 0 2 2 0 0 1 4 0zM14.5 12.5a2 2 0 1 1-4 0 2 2 0 0 1 4 0zM5.5 3.5H10a2.5 2.5 0 0 1 2.5 2.5v4.5M10.5 12.5H6A2.5 2.5 0 0 1 3.5 10V5.5',
  search: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM14 14l-3.4-3.4',
  more: 'M8 3.5h.01M8 8h.01M8 12.5h.01',
  down: 'm4 6 4 4 4-4',
  right: 'm6 4 4 4-4 4',
  arrow: 'M3 8h10M9.5 4.5 13 8l-3.5 3.5',
  left: 'm10 4-4 4 4 4',
  up: 'm4 10 4-4 4 4',
  check: 'm3 8.5 3.3 3.3L13 4.5',
  cross: 'm4 4 8 8M12 4l-8 8',
  clock: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.8V8l2.2 1.5',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  play: 'M5 3.2v9.6L12.5 8z',
  pencil: 'm3 13 .7-2.9L11 2.8l2.2 2.2-7.3 7.3zM9.5 4.3l2.2 2.2',
  dash: 'M4 8h8',
  box: 'M2.5 3h11v3h-11zM3.5 6v7h9V6M6.5 9h3',
  skip: 'M3 12c0-4.5 2.5-7 5.5-7H13M10 2l3 3-3 3M7.5 13h5.5',
  refresh: 'M13 8a5 5 0 1 1-1.5-3.6L13 6M13 2.5V6H9.5',
  plus: 'M8 3v10M3 8h10',
  copy: 'M5.5 5.5h8v8h-8zM3.5 10.5h-1v-8h8v1',
  trash: 'M2.5 4.5h11M6 4.5v-2h4v2M4 4.5l.6 9h6.8l.6-9M6.7 7.5v3.5M9.3 7.5v3.5',
  download: 'M8 2.5V10M4.5 7 8 10.5 11.5 7M2.5 13.5h11',
  external: 'M9.5 2.5h4v4M13.5 2.5 7.5 8.5M6.5 3.5h-4v10h10v-4',
  person: 'M8 7.5a2.7 2.7 0 1 0 0-5.4 2.7 2.7 0 0 0 0 5.4zM2.8 14c.5-2.7 2.6-4.2 5.2-4.2s4.7 1.5 5.2 4.2',
  warning: 'M8 2.5 1.8 13.5h12.4zM8 6.5v3.2M8 11.6h.01',
  info: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 7.3v3.7M8 5h.01',
  retry: 'M3 8a5 5 0 1 0 1.5-3.6L3 6M3 2.5V6h3.5',
  link: 'M6.8 9.2a2.5 2.5 0 0 0 3.6 0l2.2-2.2A2.550 2.550 0 0 0 9 3.4l-.8.8M9.2 6.8a2.5 2.5 0 0 0-3.6 0L3.4 9A2.550 2.550 0 0 0 7 12.6l.8-.8',
  lines: 'M3 4.5h10M3 8h10M3 11.5h6',
  stop: 'M4 4h8v8H4z',
  filter: 'M2.5 3.5h11L9.5 8.5v4l-3-1.5v-2.5z',
  flag: 'M3.5 14V2.5h8.5L10 5.5l2 3H3.5',
  sun: 'M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M3.4 12.6l.7-.7M11.9 4.1l.7-.7',
  variable:
    'M5.5 3C4 3 4 4 4 5s0 2.500-1.500 3C4 8.500 4 10 4 11s0 2 1.500 2M10.500 3C12 3 12 4 12 5s0 2.500 1.500 3c-1.500.5-1.500 2-1.500 3s0 2-1.500 2',
  grip: 'M6 3.5h.01M10 3.5h.01M6 8h.01M10 8h.01M6 12.5h.01M10 12.5h.01',
  undo: 'M5.500 3 2.500 6l3 3M3 6h6.500a3.500 3.500 0 0 1 0 7H6',
  redo: 'm10.500 3 3 3-3 3M13 6H6.500a3.500 3.500 0 0 0 0 7H10',
} as const;

export type IconName = keyof typeof PATHS;

/** A picture beside words that say the same: nothing for screen readers. */
export function Icon({ name, size = 16 }: { name: IconName; size?: 12 | 16 | 20 }): VNode {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      stroke-width={name === 'more' ? 2.2 : 1.5}
      aria-hidden="true"
    >
      <path d={PATHS[name]} stroke-linecap="round" stroke-linejoin="round" />
    </svg>
  );
}
