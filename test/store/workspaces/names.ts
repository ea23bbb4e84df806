import type { Actor } from '../../../src/core/event.js';

/** The id of that number: the same in each workspace. */
export const id = (number: number): string => `019a9f3c-5b7e-7c31-9d3c-${String(number).padStart(12, '0')}`;
export const LONG_AGO = new Date('2025-11-01T00:00:00Z');
export const PAST = new Date('2026-01-01T00:00:00Z');
export const NOW = new Date('2026-02-01T00:00:00Z');
export const USER: Actor = { type: 'user', id: 'u-1', name: 'Ann' };

/** What everything in a furnished workspace is called: the same in each. */
export const ID = {
  workflow: id(1),
  version: id(2),
  machine: id(3),
  machineVersion: id(4),
  transitionVersion: id(5),
  oldVersion: id(6),
  gone: id(7),
  paused: id(44),
  event: id(11),
  unrouted: id(12),
  replay: id(13),
  manual: id(14),
  batch: id(15),
  queued: id(21),
  held: id(22),
  waiting: id(23),
  failed: id(24),
  succeeded: id(25),
  skipped: id(26),
  inQueue: id(27),
  inOrder: id(28),
  child: id(29),
  moved: id(30),
  repeated: id(31),
  repeat: id(32),
  movedOn: id(33),
  orphan: id(34),
  inputless: id(38),
  task: id(41),
  done: id(42),
  atRest: id(51),
  underWay: id(52),
  failedInstance: id(53),
  missed: id(54),
  left: id(55),
  secret: id(61),
  token: id(62),
  oldToken: id(63),
  fresh: id(71),
} as const;

/** The workspace beside `acme`; whatever goes by the name, finds its rows first. */
export const OTHER = 'aa-rival';
